"""Pipelines with what the driver does not run, by the words in which it says so."""

from typing import Any

from tests.local.pipelines.wellformed import DEFAULTS, Spec, changed


def _with(path: str, value: Any) -> Spec:
    return changed(DEFAULTS, path, value)


PIPELINES: dict[str, Spec] = {
    "ParallelFor loops over artifacts": _with(
        "root.dag.tasks.only.artifactIterator", {"itemInput": "a", "items": {"inputArtifact": "b"}}
    ),
    "resolver components": _with("deploymentSpec.executors.exec", {"resolver": {}}),
    "custom job components": _with("deploymentSpec.executors.exec", {"customJob": {}}),
    "container lifecycles": _with("deploymentSpec.executors.exec.container.lifecycle", {}),
}
