"""Conflicts: values of PodDefaults that do not go together, in the webhook's words.

Format: kubeflow/dashboard components/poddefaults-webhooks/main.go, which prints Go values. Pointers
that are set have an address that nobody can use; of volumes and containers the name is shown.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from pytest_kubeflow.local.kube.client import Object

_ENV = (("name", '"'), ("value", '"'), ("valueFrom", "*v1.EnvVarSource"))
_MOUNT = (
    ("name", '"'),
    ("readOnly", "bool"),
    ("recursiveReadOnly", "*v1.RecursiveReadOnlyMode"),
    ("mountPath", '"'),
    ("subPath", '"'),
    ("mountPropagation", "*v1.MountPropagationMode"),
    ("subPathExpr", '"'),
)
_TOLERATION = (
    ("key", '"'),
    ("operator", '"'),
    ("value", '"'),
    ("effect", '"'),
    ("tolerationSeconds", "*int64"),
)
_FIELDS = {
    "v1.EnvVar": _ENV,
    "v1.VolumeMount": _MOUNT,
    "v1.Toleration": _TOLERATION,
    "v1.LocalObjectReference": (("name", '"'),),
    "v1.Volume": (("name", '"'),),
    "v1.Container": (("name", '"'), ("image", '"')),
}


class ConflictError(Exception):
    """What a pod has and what is to be added to it, or two things that are, differ."""


def conflict(what: str, where: str, ours: str, theirs: str, end: str) -> str:
    """One of them."""
    return f"{what} {where}: \n{ours}\ndoes not match\n{theirs}\n in {end}"


def together(problems: Sequence[str]) -> str:
    """All of them, each once, as Go joins errors."""
    each = list(dict.fromkeys(problems))
    return each[0] if len(each) == 1 else f"[{', '.join(each)}]"


def go_value(kind: str, value: Object) -> str:
    """A value as Go's `%#v` shows it."""
    fields = []
    for name, shape in _FIELDS[kind]:
        title = name[0].upper() + name[1:]
        found = value.get(name)
        if shape == '"':
            shown = json.dumps(found or "", ensure_ascii=False)
        elif shape == "bool":
            shown = "true" if found else "false"
        else:
            shown = f"({shape})({'nil' if found is None else '0xc000000000'})"
        fields.append(f"{title}:{shown}")
    return f"{kind}{{{', '.join(fields)}}}"
