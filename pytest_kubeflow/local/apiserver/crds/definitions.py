"""Definitions of custom kinds: what is refused of them, and what the server adds.

Wording: apiextensions-apiserver/pkg/apis/apiextensions/validation and pkg/apiserver/schema.
"""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.local.apiserver.errors import Object, invalid
from pytest_kubeflow.local.apiserver.validation.causes import Cause

_GROUP = "apiextensions.k8s.io"
_APPROVED = "api-approved.kubernetes.io"
_PROTECTED = (".k8s.io", ".kubernetes.io")
_PRESERVE = "x-kubernetes-preserve-unknown-fields"
_INT_OR_STRING = "x-kubernetes-int-or-string"


def established(definition: Object, now: str) -> Object:
    """A new definition with defaults and the status that says that it is served."""
    spec = definition["spec"]
    names = spec["names"]
    accepted = {
        "listKind": f"{names['kind']}List",
        "singular": names["kind"].lower(),
        **names,
    }
    conditions = [
        {
            "type": kind,
            "status": "True",
            "reason": reason,
            "message": message,
            "lastTransitionTime": now,
        }
        for kind, reason, message in (
            ("NamesAccepted", "NoConflicts", "no conflicts found"),
            ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        )
    ]
    stored = [one["name"] for one in spec["versions"] if one.get("storage")]
    return {
        **definition,
        "spec": {"conversion": {"strategy": "None"}, **spec, "names": accepted},
        "status": {"conditions": conditions, "acceptedNames": accepted, "storedVersions": stored},
    }


def check_definition(definition: Object) -> None:
    """Raise StatusError 422 for a definition that a real server would not take."""
    metadata, spec = definition["metadata"], definition.get("spec") or {}
    names = spec.get("names") or {}
    causes: list[Cause] = [
        (f"spec.{field}", "FieldValueRequired", "Required value")
        for field, value in (
            ("group", spec.get("group")),
            ("scope", spec.get("scope")),
            ("versions", spec.get("versions")),
            ("names.plural", names.get("plural")),
            ("names.kind", names.get("kind")),
        )
        if not value
    ]
    if not causes:
        wanted = f"{names['plural']}.{spec['group']}"
        if metadata["name"] != wanted:
            message = (
                f'Invalid value: "{metadata["name"]}": must be spec.names.plural+"."+spec.group'
            )
            causes.append(("metadata.name", "FieldValueInvalid", message))
        if sum(bool(one.get("storage")) for one in spec["versions"]) != 1:
            message = "Invalid value: must have exactly one version marked as storage version"
            causes.append(("spec.versions", "FieldValueInvalid", message))
        for at, version in enumerate(spec["versions"]):
            if not (version.get("schema") or {}).get("openAPIV3Schema"):
                field = f"spec.versions[{at}].schema.openAPIV3Schema"
                causes.append((field, "FieldValueRequired", "Required value: schemas are required"))
            else:
                schema = version["schema"]["openAPIV3Schema"]
                causes += _structural(schema, f"spec.versions[{at}].schema.openAPIV3Schema")
        causes += _approval(spec["group"], metadata)
    if causes:
        raise invalid(_GROUP, "CustomResourceDefinition", metadata["name"], causes)


def _approval(group: str, metadata: Object) -> Iterator[Cause]:
    """Groups of Kubernetes itself take new kinds with a link to the review of their API alone."""
    approval = (metadata.get("annotations") or {}).get(_APPROVED)
    if not approval and group.endswith(_PROTECTED):
        yield (
            f"metadata.annotations[{_APPROVED}]",
            "FieldValueRequired",
            "Required value: protected groups must have approval annotation "
            f'"{_APPROVED}", see https://github.com/kubernetes/enhancements/pull/1111',
        )


def _structural(schema: Object, path: str) -> Iterator[Cause]:
    """Every part of a schema says of which type it is."""
    named = schema.get("type") or schema.get(_INT_OR_STRING) or schema.get(_PRESERVE)
    if not named:
        last = path.rpartition(".")[2]
        what = "root" if last == "openAPIV3Schema" else "object fields"
        what = "array items" if last == "items" else what
        why = f"Required value: must not be empty for specified {what}"
        yield f"{path}.type", "FieldValueRequired", why
    for name, inner in (schema.get("properties") or {}).items():
        yield from _structural(inner, f"{path}.properties[{name}]")
    items, extra = schema.get("items"), schema.get("additionalProperties")
    if isinstance(items, dict):
        yield from _structural(items, f"{path}.items")
    if isinstance(extra, dict):
        yield from _structural(extra, f"{path}.additionalProperties")
