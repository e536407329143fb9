"""LineageTracer: from the model that a service serves back to the run, data and code behind it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.model_registry.registry import RegisteredVersion
from pytest_kubeflow.pipelines.outputs.mlmd import MetadataSource
from pytest_kubeflow.pipelines.outputs.origins import Origin, origins
from pytest_kubeflow.pipelines.outputs.source import SourceUnavailable
from pytest_kubeflow.pipelines.packages.package import Package
from pytest_kubeflow.pipelines.runs.access import RunAccess
from pytest_kubeflow.serving.service import InferenceService

_DIGEST = 12


@dataclass(frozen=True, slots=True)
class Lineage:
    """What made the model that `service` serves. Texts are "" where nothing is known.

    `uri` is where the model lies, as KServe has it; `share` the percent of requests that it gets;
    `version` what the registry has of it; `run_id`, `task` and `image` who trained it, by ML
    Metadata; `data` the URIs that the task read, by the names of its inputs; `run`, `pipeline`
    and `code` (a digest of the compiled pipeline) are the pipelines API's. `gaps` says what could
    not be found.
    """

    service: str
    namespace: str
    uri: str = ""
    share: int = 100
    version: RegisteredVersion | None = None
    run_id: str = ""
    run: str = ""
    pipeline: str = ""
    code: str = ""
    task: str = ""
    image: str = ""
    data: tuple[tuple[str, str], ...] = ()
    gaps: tuple[str, ...] = ()

    @property
    def data_uris(self) -> list[str]:
        """Where the data lie that the model was trained with."""
        return [uri for _, uri in self.data]


def code_digest(package: Package) -> str:
    """What is equal for equal pipelines, whoever compiled them: of their specification."""
    plain = json.dumps(package.pipeline_spec, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(plain.encode()).hexdigest()[:_DIGEST]


class LineageTracer:
    """`lineage(service, versions)`; `traced` are those that it has given."""

    def __init__(self, runs: RunAccess) -> None:
        self._runs = runs
        self.traced: list[Lineage] = []

    def __call__(
        self, service: InferenceService, versions: Iterable[RegisteredVersion] = ()
    ) -> Lineage:
        """What made what it serves now, of several models that of most requests.

        `versions` are what the registry has, where there is one: the one of that model counts. What
        cannot be found is a gap.
        """
        shares = service.shares()
        known = Lineage(service.name, service.namespace)
        if shares:
            uri = max(shares, key=lambda one: shares[one])
            known = replace(known, uri=uri, share=shares[uri])
            known = self._made(_registered(known, list(versions)))
        else:
            known = replace(known, gaps=("no pod tells which model it serves",))
        self.traced.append(known)
        return known

    def _made(self, known: Lineage) -> Lineage:
        found, told = self._origin(known.uri)
        if found is None:
            return replace(known, gaps=(*known.gaps, told))
        known = replace(
            known,
            run_id=found.run_id,
            task=found.task,
            image=found.image,
            data=tuple((name, one.uri) for name, one in found.inputs.items()),
        )
        if not found.inputs:
            told = f"ML Metadata has nothing that task {found.task} read"
            known = replace(known, gaps=(*known.gaps, told))
        try:
            view = self._runs.view(found.run_id)
            if view.pipeline_spec is None and view.version is not None:
                package = self._runs.version_package(*view.version)
            elif view.pipeline_spec is not None:
                package = Package.of_api(view.pipeline_spec)
            else:
                told = f"the pipelines API tells no pipeline of run {view.name}"
                return replace(known, run=view.name, gaps=(*known.gaps, told))
        except KubeflowError as error:
            return replace(known, run=found.run_id, gaps=(*known.gaps, error.message))
        return replace(known, run=view.name, pipeline=package.name, code=code_digest(package))

    def _origin(self, uri: str) -> tuple[Origin | None, str]:
        refusals = []
        # KFP writes minio:// for what is s3:// for KServe.
        uris = (uri, f"minio://{uri.removeprefix('s3://')}")
        for source in self._runs.sources:
            if not isinstance(source, MetadataSource):
                continue
            try:
                found = origins(source, uris)
            except SourceUnavailable as error:
                refusals.append(str(error))
                continue
            if found:
                return found[-1], ""
            return None, f"ML Metadata does not tell who wrote {uri}"
        return None, "; ".join(refusals) or "there is no ML Metadata to ask"


def _registered(known: Lineage, versions: Sequence[RegisteredVersion]) -> Lineage:
    """With the version of its model; one that is missing among several is a gap."""
    place = known.uri.partition("://")[2]
    found = next((one for one in versions if one.uri.partition("://")[2] == place), None)
    if versions and found is None:
        message = f"the registry has {known.uri} as no version of {versions[0].model}"
        return replace(known, gaps=(*known.gaps, message))
    return replace(known, version=found)
