"""Pipelines uploaded to KFP, private or public, and their versions."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_kubeflow.errors import KubeflowError, NotFound
from pytest_kubeflow.pipelines.client import calling
from pytest_kubeflow.pipelines.package import Package, compile_pipeline


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
            package=Package.of_api(version.pipeline_spec),
        )


class UploadedPipeline:
    """A pipeline in KFP. `namespace` is None for a public one."""

    def __init__(
        self,
        client: Any,
        *,
        pipeline_id: str,
        name: str,
        namespace: str | None,
        base_image: str | None,
    ) -> None:
        self._client = client
        self._base_image = base_image
        self.pipeline_id = pipeline_id
        self.name = name
        self.namespace = namespace

    def __repr__(self) -> str:
        return f"UploadedPipeline({self.name!r})"

    def versions(self) -> list[PipelineVersion]:
        """All versions, as the API lists them now."""
        found: list[PipelineVersion] = []
        token = ""
        while True:
            with calling(f"list the versions of pipeline {self.name}"):
                page = self._client.list_pipeline_versions(
                    self.pipeline_id, page_size=100, page_token=token
                )
            found += [PipelineVersion.of(each) for each in page.pipeline_versions or ()]
            token = page.next_page_token or ""
            if not token:
                return found

    def add_version(
        self, pipeline: Callable[..., object] | Path | str, *, name: str | None = None
    ) -> PipelineVersion:
        """Upload another version."""
        package = compile_pipeline(pipeline, base_image=self._base_image)
        name = name or f"{self.name}-{uuid.uuid4().hex[:6]}"
        with (
            tempfile.TemporaryDirectory(prefix="pytest-kubeflow-") as folder,
            calling(f"upload version {name} of pipeline {self.name}"),
        ):
            path = Path(folder) / "pipeline.yaml"
            package.write(path)
            made = self._client.upload_pipeline_version(
                str(path), name, pipeline_id=self.pipeline_id
            )
        return PipelineVersion.of(made)

    def delete(self) -> None:
        """Remove it with its versions; one that is gone already is fine."""
        try:
            # KFP refuses to remove a pipeline that has versions.
            for version in self.versions():
                with calling(f"delete version {version.name}"):
                    self._client.delete_pipeline_version(self.pipeline_id, version.version_id)
            with calling(f"delete pipeline {self.name}"):
                self._client.delete_pipeline(self.pipeline_id)
        except NotFound:
            return


class PipelineUploader:
    """Uploads pipelines: `upload_pipeline(pipeline, public=False)`; `close` removes them."""

    def __init__(
        self, client: Any, *, namespace: str | None, base_image: str | None = None
    ) -> None:
        self._client = client
        self._namespace = namespace
        self._base_image = base_image
        self.uploaded: list[UploadedPipeline] = []

    def __call__(
        self,
        pipeline: Callable[..., object] | Path | str,
        *,
        name: str | None = None,
        public: bool = False,
    ) -> UploadedPipeline:
        """Upload a pipeline with its first version; `public`: for the users of all namespaces.

        Raises PermissionDenied where this user may not (recent releases let administrators alone
        make public ones).
        """
        package = compile_pipeline(pipeline, base_image=self._base_image)
        unique = name or f"{package.name}-{uuid.uuid4().hex[:8]}"
        namespace = None if public else self._namespace
        with (
            tempfile.TemporaryDirectory(prefix="pytest-kubeflow-") as folder,
            calling(f"upload pipeline {unique}"),
        ):
            path = Path(folder) / "pipeline.yaml"
            package.write(path)
            made = self._client.upload_pipeline(str(path), unique, namespace=namespace)
        uploaded = UploadedPipeline(
            self._client,
            pipeline_id=made.pipeline_id,
            name=unique,
            namespace=namespace,
            base_image=self._base_image,
        )
        self.uploaded.append(uploaded)
        return uploaded

    def close(self) -> None:
        """Remove what was uploaded. The first error is raised at the end."""
        errors = []
        while self.uploaded:
            try:
                self.uploaded.pop().delete()
            except KubeflowError as error:
                errors.append(error)
        if errors:
            raise errors[0]
