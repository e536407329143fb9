"""Objects of Kubernetes without what nobody must read, and what nobody wants to."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pytest_kubeflow.redaction import MASK

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_SECRETIVE = re.compile(
    r"pass(?:word|wd|phrase)|secret|token|credential|api[-_]?key|access[-_]?key|private[-_]?key"
    r"|\bauth\b|cookie|_(?:pwd|pass)\b|^pgpass",
    re.IGNORECASE,
)
_OF_SECRETS = ("data", "stringData", "binaryData")


def cleaned(value: Any) -> Any:
    """`value` without secrets and without what nobody reads.

    Left out are the data of Secrets, the values of variables that are named as secrets are, copies
    of the whole object in annotations, and who has written which field.
    """
    if isinstance(value, Mapping):
        found = {str(key): cleaned(one) for key, one in value.items() if key != "managedFields"}
        if found.get("kind") == "Secret":
            found.update({key: MASK for key in _OF_SECRETS if key in found})
        annotations = found.get("annotations")
        if isinstance(annotations, dict):
            annotations.pop(_LAST_APPLIED, None)
        if _is_secret_variable(found):
            found["value"] = MASK
        return found
    if isinstance(value, list | tuple):
        return [cleaned(one) for one in value]
    if isinstance(value, str) and value[:1] in {"{", "["}:
        return _cleaned_json(value)
    return value


def _cleaned_json(text: str) -> str:
    """The same of JSON in a text, as Argo and KFP put templates into variables and arguments."""
    try:
        there = json.loads(text)
    except ValueError:
        return text
    found = cleaned(there)
    return text if found == there else json.dumps(found, ensure_ascii=False)


def _is_secret_variable(found: Mapping[str, Any]) -> bool:
    """Whether it is a name with a value, as of an environment or of a parameter."""
    name, value = found.get("name"), found.get("value")
    return (
        isinstance(name, str)
        and isinstance(value, str)
        and bool(value)
        and _SECRETIVE.search(name) is not None
    )
