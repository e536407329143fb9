"""PipelineRunner: from a pipeline and its arguments to a submitted run."""

from __future__ import annotations

import contextlib
import tempfile
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pytest_kubeflow.deletion import in_turn
from pytest_kubeflow.errors import ConfigurationError, KubeflowError
from pytest_kubeflow.k8s.volumes.volume import SeededVolume, Volume, Volumes
from pytest_kubeflow.objectstore.bucket import Bucket, ScratchBucket
from pytest_kubeflow.pipelines.client import calling, create_run
from pytest_kubeflow.pipelines.experiment import OURS, Experiment
from pytest_kubeflow.pipelines.packages.component_images import AS_THEY_ARE, ComponentImages
from pytest_kubeflow.pipelines.packages.package import Package, compile_pipeline
from pytest_kubeflow.pipelines.runs.access import RunAccess
from pytest_kubeflow.pipelines.runs.resources import Resources
from pytest_kubeflow.pipelines.runs.run import PipelineRun
from pytest_kubeflow.pipelines.runs.states import expected_states
from pytest_kubeflow.pipelines.runs.view import RunView
from pytest_kubeflow.pipelines.transport import policy_of
from pytest_kubeflow.pipelines.upload import PipelineVersion
from pytest_kubeflow.pipelines.verification import Submitted

Pipeline = Callable[..., object] | Path | str | PipelineVersion
"""A `@dsl.pipeline` function or component, a compiled package's path, or an uploaded version."""


class HasId(Protocol):
    """An experiment."""

    @property
    def id(self) -> str:
        """In KFP."""


@dataclass(frozen=True)
class Prepared:
    """A run that could be submitted: the pipeline compiled, the arguments checked against it."""

    package: Package
    arguments: Mapping[str, object]
    name: str
    version: PipelineVersion | None = None

    @property
    def resources(self) -> dict[str, SeededVolume | ScratchBucket]:
        """What is to be made for it, by argument."""
        return {
            key: value
            for key, value in self.arguments.items()
            if isinstance(value, SeededVolume | ScratchBucket)
        }

    def submitted(self, arguments: Mapping[str, object]) -> Submitted:
        """What its runs are compared with, submitted with these arguments."""
        version = self.version
        ids = (version.pipeline_id, version.version_id) if version is not None else None
        return Submitted(self.package, arguments, ids)


def prepare(
    pipeline: Pipeline,
    *,
    arguments: Mapping[str, object] | None = None,
    name: str | None = None,
    images: ComponentImages = AS_THEY_ARE,
    package: Package | None = None,
) -> Prepared:
    """Compile and check, without a cluster. Raises ConfigurationError for what cannot work.

    `images` are those that components run in. `package` is what the pipeline was compiled to
    before, if it was.
    """
    version = pipeline if isinstance(pipeline, PipelineVersion) else None
    if isinstance(pipeline, PipelineVersion):
        package = pipeline.package
    elif package is None:
        package = images.applied(compile_pipeline(pipeline))
    if version is None and package.is_workflow:
        raise ConfigurationError(
            f"pipeline {package.name} is {package.described_as_workflow}: compile it with kfp 2; "
            "or give run_pipeline a version of upload_pipeline(...), for KFP still runs those that "
            "are uploaded"
        )
    if version is None:
        package = package.without_caching()
    given = dict(arguments or {})
    prepared = Prepared(package, given, name or package.name, version)
    package.check_arguments({**given, **dict.fromkeys(prepared.resources, "name of it")})
    return prepared


class PipelineRunner:
    """Compiles, submits and waits: `run_pipeline(pipeline, arguments={...})`.

    `images` are those that components run in. `runs` are those that it started; `close` removes
    them, newest first.
    """

    def __init__(
        self,
        access: RunAccess,
        experiment: Experiment,
        *,
        images: ComponentImages = AS_THEY_ARE,
        volumes: Callable[[], Volumes],
        make_bucket: Callable[[ScratchBucket], Bucket],
    ) -> None:
        self._access = access
        self._experiment = experiment
        self._images = images
        self._volumes = volumes
        self._make_bucket = make_bucket
        self.runs: list[PipelineRun] = []

    def __call__(
        self,
        pipeline: Pipeline,
        *,
        arguments: Mapping[str, object] | None = None,
        name: str | None = None,
        wait: bool = True,
        timeout: float | None = None,
        expect: str | tuple[str, ...] = "SUCCEEDED",
        experiment: HasId | None = None,
    ) -> PipelineRun:
        """Submit a run, without cache, and wait until it ends (unless `wait=False`).

        It is in the session's experiment, or in another `experiment`.

        An argument may be a SeededVolume or a ScratchBucket: it is made first, the pipeline gets
        its name, and `run.volume(argument)` or `run.bucket(argument)` gives it back.
        Raises ConfigurationError for a pipeline or arguments that cannot work, before anything is
        made; RunFailed if the run ends in another state than `expect`; WaitTimeout.
        """
        expected_states(expect)
        run = self.start(
            prepare(pipeline, arguments=arguments, name=name, images=self._images),
            experiment,
        )
        return run.wait(timeout, expect=expect) if wait else run

    def clone(self, run: PipelineRun, *, name: str | None = None) -> PipelineRun:
        """Submit once more what a run ran, with its arguments, both as the API tells them now.

        So does the UI's button. Raises KubeflowError where the API tells no pipeline.
        """
        view = self._access.view(run.run_id)
        name = name or f"clone-of-{run.name}"
        if view.version is not None:
            package = self._access.version_package(*view.version)
            version = PipelineVersion(*view.version, name=name, package=package)
            return self.start(Prepared(package, view.arguments or {}, name, version))
        if view.pipeline_spec is None:
            raise KubeflowError(f"the pipelines API tells no pipeline of run {run.name}")
        package = Package.of_api(view.pipeline_spec).without_caching()
        return self.start(Prepared(package, view.arguments or {}, name))

    def start(self, prepared: Prepared, experiment: HasId | None = None) -> PipelineRun:
        """Make what the run needs and submit it. Several threads may do so side by side."""
        given = dict(prepared.arguments)
        resources = self._make(given)
        try:
            given |= {key: volume.name for key, volume in resources.volumes.items()}
            given |= {key: bucket.path for key, bucket in resources.buckets.items()}
            view = self._submit(prepared, given, experiment or self._experiment)
        except BaseException:
            _remove(resources)
            raise
        run = PipelineRun(self._access, view, prepared.submitted(given), resources)
        self.runs.append(run)
        return run

    def close(self) -> None:
        """Remove the runs and all that was made for them. The first error is raised at the end."""
        in_turn(self.runs.pop().delete for _ in range(len(self.runs)))

    def _make(self, arguments: Mapping[str, object]) -> Resources:
        volumes: dict[str, Volume] = {}
        buckets: dict[str, Bucket] = {}
        made = Resources(volumes, buckets)
        try:
            for name, value in arguments.items():
                if isinstance(value, SeededVolume):
                    volumes[name] = self._volumes().make(value)
                elif isinstance(value, ScratchBucket):
                    buckets[name] = self._make_bucket(value)
        except BaseException:
            _remove(made)
            raise
        return made

    def _submit(self, prepared: Prepared, arguments: Mapping[str, object], place: HasId) -> RunView:
        unique = f"{prepared.name}-{uuid.uuid4().hex[:8]}"
        experiment, version = place.id, prepared.version
        with tempfile.TemporaryDirectory(prefix=f"{OURS}-") as folder:
            source: dict[str, Any]
            if version is not None:
                source = {"pipeline_id": version.pipeline_id, "version_id": version.version_id}
            else:
                path = Path(folder) / "pipeline.yaml"
                prepared.package.write(path)
                source = {"package_path": str(path)}

            return policy_of(self._access.client).repeat(
                lambda: create_run(
                    self._access.client,
                    experiment_id=experiment,
                    name=unique,
                    arguments=arguments,
                    **source,
                ),
                # A response that was lost does not say that the run was not made: not twice, then.
                safe=False,
                done=lambda: self._find(unique, experiment),
            )

    def _find(self, name: str, experiment: str) -> RunView | None:
        with calling(f"look for run {name}"):
            listed = self._access.client.list_runs(
                page_size=100, sort_by="created_at desc", experiment_id=experiment
            )
        runs = (RunView.of(run) for run in listed.runs or ())
        return next((run for run in runs if run.name == name), None)


def _remove(resources: Resources) -> None:
    """Remove what was made for a run that did not come to be; the error that ended it counts."""
    made: list[Volume | Bucket] = [*resources.volumes.values(), *resources.buckets.values()]
    for resource in made:
        with contextlib.suppress(KubeflowError):
            resource.delete()
