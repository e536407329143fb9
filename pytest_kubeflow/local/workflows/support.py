"""What of a Workflow is not run here: each is told by a sentence, before anything is made."""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.workflows.templates import kind_of

Json = Any

_SPEC = {
    "workflowTemplateRef": "workflowTemplateRef",
    "synchronization": "synchronization",
    "podDisruptionBudget": "podDisruptionBudget",
    "artifactGC": "artifactGC",
    "podSpecPatch": "podSpecPatch",
    "executor": "executor.serviceAccountName",
    "automountServiceAccountToken": "automountServiceAccountToken",
}
_TEMPLATE = {
    "daemon": "daemon containers",
    "memoize": "memoize",
    "synchronization": "synchronization",
    "podSpecPatch": "podSpecPatch",
    "executor": "executor.serviceAccountName",
    "automountServiceAccountToken": "automountServiceAccountToken",
}
_KINDS = {
    "resource": "resource templates",
    "containerSet": "containerSet templates",
    "data": "data templates",
    "http": "http templates",
    "plugin": "plugin templates",
}
_STORES = ("git", "http", "artifactory", "hdfs", "oss", "gcs", "azure", "plugin")


def unsupported(spec: Json) -> str:
    """The sentence about the first thing that is not run; empty if there is none."""
    found = next(_found(spec), None)
    if found is None:
        return ""
    what, where = found
    return (
        f"the embedded Kubeflow does not run {what} ({where}): leave it out, or run this Workflow "
        "on a cluster with Argo"
    )


def _found(spec: Json) -> Any:
    for key, what in _SPEC.items():
        if spec.get(key):
            yield what, f"spec.{key}"
    yield from _hooks(spec, "spec")
    yield from _parameters(spec.get("arguments"), "spec.arguments")
    for number, template in enumerate(spec.get("templates") or ()):
        if isinstance(template, dict):
            yield from _of_template(template, f"spec.templates[{number}]")


def _of_template(template: Json, where: str) -> Any:
    kind = kind_of(template)
    if kind in _KINDS:
        yield _KINDS[kind], f"{where}.{kind}"
    for key, what in _TEMPLATE.items():
        if template.get(key):
            yield what, f"{where}.{key}"
    for side in ("inputs", "outputs"):
        yield from _parameters(template.get(side), f"{where}.{side}")
        for number, one in enumerate((template.get(side) or {}).get("artifacts") or ()):
            yield from _artifact(one, f"{where}.{side}.artifacts[{number}]")
    groups = template.get("steps") or []
    steps = [one for group in groups if isinstance(group, list) for one in group]
    for number, one in enumerate([*steps, *((template.get("dag") or {}).get("tasks") or ())]):
        place = f"{where}.{'steps' if groups else 'dag.tasks'}[{number}]"
        if not isinstance(one, dict):
            continue
        for key in ("templateRef", "inline"):
            if one.get(key):
                yield key, f"{place}.{key}"
        yield from _hooks(one, place)
        yield from _parameters(one.get("arguments"), f"{place}.arguments")
        for at, artifact in enumerate((one.get("arguments") or {}).get("artifacts") or ()):
            yield from _artifact(artifact, f"{place}.arguments.artifacts[{at}]")


def _hooks(owner: Json, where: str) -> Any:
    for name, hook in (owner.get("hooks") or {}).items():
        if name != "exit":
            yield "lifecycle hooks but those for the end", f"{where}.hooks.{name}"
        elif isinstance(hook, dict) and hook.get("templateRef"):
            yield "templateRef", f"{where}.hooks.exit.templateRef"


def _parameters(owner: Json, where: str) -> Any:
    for number, one in enumerate((owner or {}).get("parameters") or ()):
        source = one.get("valueFrom") if isinstance(one, dict) else None
        for key in ("configMapKeyRef", "event", "supplied"):
            if isinstance(source, dict) and source.get(key) is not None:
                yield f"valueFrom.{key}", f"{where}.parameters[{number}]"


def _artifact(artifact: Json, where: str) -> Any:
    for key in _STORES:
        if isinstance(artifact, dict) and artifact.get(key):
            yield f"artifacts in {key}", f"{where}.{key}"
