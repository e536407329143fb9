"""Pipelines uploaded to KFP, private or public, and their versions."""

from __future__ import annotations

import json
import tempfile
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from pytest_kubeflow.deletion import in_turn
from pytest_kubeflow.errors import RunMismatch
from pytest_kubeflow.k8s.sessions.made import MADE
from pytest_kubeflow.k8s.sessions.ownership import RUN_ID, Ownership, is_ours
from pytest_kubeflow.pipelines.client import AlreadyThere, calling, pages
from pytest_kubeflow.pipelines.experiment import (
    Experiment,
    describe,
    labels_in,
    remove_pipeline,
)
from pytest_kubeflow.pipelines.packages.component_images import AS_THEY_ARE, ComponentImages
from pytest_kubeflow.pipelines.packages.package import Package, compile_pipeline
from pytest_kubeflow.pipelines.packages.spec_difference import spec_difference
from pytest_kubeflow.pipelines.shared import require_shared
from pytest_kubeflow.pipelines.transport import policy_of

T = TypeVar("T")


@dataclass(frozen=True)
class PipelineVersion:
    """A version of an uploaded pipeline, which `run_pipeline` takes as a pipeline."""

    pipeline_id: str
    version_id: str
    name: str
    package: Package = field(repr=False)

    @classmethod
    def of(cls, version: Any) -> PipelineVersion:
        """From a V2beta1PipelineVersion."""
        return cls(
            pipeline_id=version.pipeline_id,
            version_id=version.pipeline_version_id,
            name=version.display_name,
            package=Package.of_api(version.pipeline_spec or {}),
        )


class UploadedPipeline:
    """A pipeline in KFP. `namespace` is None for a public one.

    `package` is its first version, which KFP calls as the pipeline. Versions that are not what was
    uploaded raise RunMismatch.
    """

    def __init__(
        self,
        client: Any,
        *,
        pipeline_id: str,
        name: str,
        namespace: str | None,
        package: Package,
        images: ComponentImages,
    ) -> None:
        self._client = client
        self._images = images
        self._uploaded = {name: package}
        self.pipeline_id = pipeline_id
        self.name = name
        self.namespace = namespace

    def __repr__(self) -> str:
        return f"UploadedPipeline({self.name!r})"

    def versions(self) -> list[PipelineVersion]:
        """All versions, as the API lists them now."""
        listed = pages(self._client.list_pipeline_versions, "pipeline_versions", self.pipeline_id)
        return [self._checked(PipelineVersion.of(each)) for each in listed]

    def add_version(
        self, pipeline: Callable[..., object] | Path | str, *, name: str | None = None
    ) -> PipelineVersion:
        """Upload another version."""
        package = self._images.applied(compile_pipeline(pipeline))
        name = name or f"{self.name}-{uuid.uuid4().hex[:6]}"
        self._uploaded[name] = package

        def upload(path: str) -> PipelineVersion:
            with calling(f"upload version {name} of pipeline {self.name}"):
                made = self._client.upload_pipeline_version(
                    path, name, pipeline_id=self.pipeline_id
                )
            return PipelineVersion.of(made)

        def find() -> PipelineVersion | None:
            return next((each for each in self.versions() if each.name == name), None)

        return self._checked(_upload(self._client, package, upload, find))

    def _checked(self, version: PipelineVersion) -> PipelineVersion:
        uploaded = self._uploaded.get(version.name)
        if uploaded is None:  # somebody else's
            return version
        # An answer need not tell it; a run of it is looked at once more.
        if version.package.pipeline_spec and (why := spec_difference(uploaded, version.package)):
            raise RunMismatch(
                f"version {version.name} of pipeline {self.name} is not what was uploaded: {why}"
            )
        return replace(version, package=uploaded)

    def delete(self) -> None:
        """Remove it with its versions; what is gone already is fine."""
        remove_pipeline(self._client, self.pipeline_id)


class PipelineUploader:
    """Uploads pipelines: `upload_pipeline(pipeline, public=False)`; `close` removes them."""

    def __init__(
        self,
        client: Any,
        *,
        namespace: str | None,
        ownership: Ownership,
        images: ComponentImages = AS_THEY_ARE,
    ) -> None:
        self._client = client
        self._namespace = namespace
        self._ownership = ownership
        self._images = images
        self.uploaded: list[UploadedPipeline] = []

    def __call__(
        self,
        pipeline: Callable[..., object] | Path | str,
        *,
        name: str | None = None,
        public: bool = False,
    ) -> UploadedPipeline:
        """Upload a pipeline with its first version; `public`: for the users of all namespaces.

        Raises PermissionDenied where this user may not. Multi-user KFP lets everybody upload a
        public one, and only those remove it who have that right in its own namespace: who has not
        uploads none, so that none is left behind.
        """
        package = self._images.applied(compile_pipeline(pipeline))
        if public and self._namespace is not None:
            require_shared(self._client)
        unique = name or f"{package.name}-{uuid.uuid4().hex[:8]}"
        namespace = None if public else self._namespace

        def upload(path: str) -> str:
            with calling(f"upload pipeline {unique}"):
                made = self._client.upload_pipeline(
                    path, unique, description=describe(self._ownership), namespace=namespace
                )
            return str(made.pipeline_id)

        uploaded = UploadedPipeline(
            self._client,
            pipeline_id=_upload(
                self._client, package, upload, lambda: self._find(unique, namespace)
            ),
            name=unique,
            namespace=namespace,
            package=package,
            images=self._images,
        )
        self.uploaded.append(uploaded)
        MADE.add("pipeline")
        return uploaded

    def _find(self, name: str, namespace: str | None) -> str | None:
        called = {"operation": "EQUALS", "key": "display_name", "stringValue": name}
        with calling(f"look for pipeline {name}"):
            listed = self._client.list_pipelines(
                filter=json.dumps({"predicates": [called]}), namespace=namespace
            )
        # One of this name that was there before is somebody else's, and is not ours to remove.
        ours = self._ownership.labels()[RUN_ID]
        return next(
            (
                str(each.pipeline_id)
                for each in listed.pipelines or ()
                if is_ours(labels := labels_in(each.description)) and labels[RUN_ID] == ours
            ),
            None,
        )

    def keep(self, seconds: float) -> None:
        """What was uploaded stays so long: an experiment says so."""
        if self.uploaded:
            Experiment(self._client, self._namespace, self._ownership).renew(lifetime=seconds)

    def close(self) -> None:
        """Remove what was uploaded. The first error is raised at the end."""
        in_turn(self.uploaded.pop().delete for _ in range(len(self.uploaded)))


def _upload(
    client: Any, package: Package, upload: Callable[[str], T], find: Callable[[], T | None]
) -> T:
    """What `upload` makes of the package's file, or what is there if its answer was lost.

    What is there of this name may be the first of two that something on the way has made of one
    request: `find` looks whether it is ours.
    """

    def once() -> T:
        try:
            return upload(str(path))
        except AlreadyThere:
            if (found := find()) is not None:
                return found
            raise

    with tempfile.TemporaryDirectory(prefix="pytest-kubeflow-") as folder:
        path = Path(folder) / "pipeline.yaml"
        package.write(path)
        return policy_of(client).repeat(once, safe=False, done=find)
