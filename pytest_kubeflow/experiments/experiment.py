"""PipelineExperiment: one experiment of Kubeflow Pipelines."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from pytest_kubeflow.experiments.recurring_run import RecurringRun
from pytest_kubeflow.experiments.schedule import Schedule
from pytest_kubeflow.pipelines.client import calling, pages, tell
from pytest_kubeflow.pipelines.experiment import Experiment
from pytest_kubeflow.pipelines.packages.component_images import ComponentImages
from pytest_kubeflow.pipelines.runs.access import RunAccess
from pytest_kubeflow.pipelines.runs.view import RunView
from pytest_kubeflow.pipelines.submission import Pipeline, Prepared, prepare
from pytest_kubeflow.pipelines.transport import policy_of
from pytest_kubeflow.pipelines.upload import UploadedPipeline


class PipelineExperiment:
    """An experiment: `run_pipeline(..., experiment=it)` puts runs in it, `schedule` has KFP do so.

    Raises KubeflowErrors with the API's words.
    """

    def __init__(
        self, access: RunAccess, experiment: Experiment, *, images: ComponentImages
    ) -> None:
        self._access = access
        self._experiment = experiment
        self._images = images
        self.id = experiment.id
        self.name = experiment.name
        self.namespace = access.namespace

    def __repr__(self) -> str:
        return f"PipelineExperiment({self.name!r})"

    @property
    def archived(self) -> bool:
        """Whether it is among the archived experiments now."""
        with calling(f"read experiment {self.name}"):
            found = self._access.client.get_experiment(self.id)
        return str(found.storage_state) == "ARCHIVED"

    def archive(self) -> None:
        """Archive it: its runs are archived too, and its recurring runs disabled."""
        self._tell("archive", self._access.client.archive_experiment)

    def unarchive(self) -> None:
        """Put it back, and it alone: its runs stay archived, its recurring runs disabled."""
        self._tell("unarchive", self._access.client.unarchive_experiment)

    def runs(self) -> list[RunView]:
        """What the API says now of all runs in it, archived ones too."""
        listed = pages(self._access.client.list_runs, "runs", experiment_id=self.id)
        return [RunView.of(one) for one in listed]

    def schedule(
        self,
        pipeline: Pipeline | UploadedPipeline,
        schedule: Schedule,
        *,
        arguments: Mapping[str, object] | None = None,
        name: str | None = None,
        max_concurrency: int = 1,
        catch_up: bool = True,
        enabled: bool = True,
    ) -> RecurringRun:
        """Have KFP run a pipeline by a schedule, `max_concurrency` runs at once.

        Of an uploaded pipeline it is the version that is the latest at each start; without
        `catch_up`, of the starts that were missed only the last one is made up for.
        Raises ConfigurationError for arguments that do not fit the pipeline.
        """
        import kfp_server_api

        if isinstance(pipeline, UploadedPipeline):
            stem, given, submitted = pipeline.name, dict(arguments or {}), None
            what = _of_version(pipeline.pipeline_id)
        else:
            prepared = prepare(pipeline, arguments=arguments, images=self._images)
            stem, given = prepared.name, dict(prepared.arguments)
            submitted, what = prepared.submitted(given), _of(prepared)
        unique = f"{name or stem}-{uuid.uuid4().hex[:8]}"
        made = self._create(
            unique,
            mode="ENABLE" if enabled else "DISABLE",
            trigger=schedule.trigger(),
            max_concurrency=max_concurrency,
            no_catchup=not catch_up,
            runtime_config=kfp_server_api.V2beta1RuntimeConfig(parameters=given),
            **what,
        )
        return RecurringRun(
            self._access,
            recurring_run_id=str(made.recurring_run_id),
            experiment_id=self.id,
            name=unique,
            schedule=schedule,
            arguments=given,
            submitted=submitted,
        )

    def delete(self) -> None:
        """Remove it with its recurring runs and its runs; what is gone already is fine."""
        self._experiment.delete(self._access.deleted)

    def _create(self, name: str, **given: Any) -> Any:
        import kfp_server_api

        client = self._access.client
        body = kfp_server_api.V2beta1RecurringRun(
            experiment_id=self.id,
            display_name=name,
            description=self._experiment.description,
            **given,
        )

        def create() -> Any:
            # The SDK's own method takes no pipeline without a version.
            with calling(f"create recurring run {name}"):
                return client._recurring_run_api.recurring_run_service_create_recurring_run(body)

        def find() -> Any:
            listed = pages(client.list_recurring_runs, "recurring_runs", experiment_id=self.id)
            return next((one for one in listed if one.display_name == name), None)

        # A response that was lost does not say that it was not made: not twice, then.
        return policy_of(client).repeat(create, safe=False, done=find)

    def _tell(self, what: str, ask: Callable[[str], Any]) -> None:
        what = f"{what} experiment {self.name}"
        tell(self._access.client, what, lambda: ask(self.id))


def _of(prepared: Prepared) -> dict[str, Any]:
    """What is run, as a request has it."""
    if prepared.version is not None:
        return _of_version(prepared.version.pipeline_id, prepared.version.version_id)
    return {"pipeline_spec": prepared.package.to_api()}


def _of_version(pipeline_id: str, version_id: str | None = None) -> dict[str, Any]:
    import kfp_server_api

    reference = kfp_server_api.V2beta1PipelineVersionReference(
        pipeline_id=pipeline_id, pipeline_version_id=version_id
    )
    return {"pipeline_version_reference": reference}
