"""LineageRecord: what a report keeps of how a model came to be served."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_kubeflow.reporting.records.excerpts import Excerpts

if TYPE_CHECKING:
    from pytest_kubeflow.lineage.lineage import Lineage

ML_METADATA, PIPELINES, REGISTRY, KSERVE = (
    "ML Metadata",
    "Kubeflow Pipelines",
    "Model Registry",
    "KServe",
)


@dataclass(frozen=True, slots=True)
class LineageStep:
    """One thing on the way. `kind` is data, code, task, model, version or service.

    `source` is who tells of it; `facts` are lines "what: value" about it.
    """

    kind: str
    name: str
    source: str = ""
    facts: tuple[str, ...] = ()
    after: tuple[int, ...] = ()
    """The steps that it was made of, or follows, by their places."""


@dataclass(frozen=True, slots=True)
class LineageRecord:
    """The steps from data and code to what is served. `gaps` says what nothing tells."""

    service: str
    namespace: str
    steps: tuple[LineageStep, ...] = ()
    gaps: tuple[str, ...] = ()

    @classmethod
    def of(cls, lineage: Lineage, redact: Callable[[str], str]) -> LineageRecord:
        """The record of a lineage; what it does not know has no step."""
        text = Excerpts(redact).text
        steps: list[LineageStep] = []

        def add(
            kind: str, name: str, source: str, facts: dict[str, object], after: list[int]
        ) -> list[int]:
            found = tuple(text(f"{what}: {value}") for what, value in facts.items() if value != "")
            steps.append(LineageStep(kind, text(name), source, found, tuple(after)))
            return [len(steps) - 1]

        made_of: list[int] = []
        for name, uri in lineage.data:
            last = uri.rstrip("/").rpartition("/")[2]
            made_of += add("data", last, ML_METADATA, {"input": name, "uri": uri}, [])
        if lineage.code:
            facts: dict[str, object] = {"digest": lineage.code, "image": lineage.image}
            made_of += add("code", lineage.pipeline, PIPELINES, facts, [])
        before: list[int] = []
        if lineage.run_id:
            facts = {"run": lineage.run, "run id": lineage.run_id}
            before = add("task", lineage.task, ML_METADATA, facts, made_of)
        if lineage.uri:
            name = lineage.uri.rstrip("/").rpartition("/")[2]
            before = add("model", name, KSERVE, {"uri": lineage.uri}, before)
        if (version := lineage.version) is not None:
            facts = {"model": version.model, "state": version.state, **version.properties}
            before = add("version", version.name, REGISTRY, facts, before)
        facts = {"share": f"{lineage.share} % of the requests"} if lineage.uri else {}
        add("service", lineage.service, KSERVE, facts, before)
        return cls(
            text(lineage.service),
            lineage.namespace,
            tuple(steps),
            tuple(map(text, lineage.gaps)),
        )
