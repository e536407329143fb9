"""Errors of fields, as k8s.io/apimachinery writes them (pkg/util/validation/field/errors.go)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any


def invalid(path: str, value: Any, why: str) -> str:
    """A value that must not be there."""
    text = value if isinstance(value, str) else None
    shown = (
        json.dumps(text, ensure_ascii=False)
        if text is not None
        else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    )
    return f"{path}: Invalid value: {shown}: {why}"


def required(path: str, why: str) -> str:
    """A value that must be there."""
    return f"{path}: Required value: {why}"


def forbidden(path: str, why: str) -> str:
    """A value that nobody may set."""
    return f"{path}: Forbidden: {why}"


def aggregate(errors: Sequence[str]) -> str:
    """All of them in one sentence, each once."""
    different = list(dict.fromkeys(errors))
    return different[0] if len(different) == 1 else f"[{', '.join(different)}]"
