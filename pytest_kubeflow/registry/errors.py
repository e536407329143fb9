"""What a registry says when it refuses: the codes of the OCI distribution specification."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pytest_kubeflow.errors import Evidence, KubeflowError
from pytest_kubeflow.response_text import words_of


class RegistryError(KubeflowError):
    """A registry did not give or take an image. Always one line.

    `status` is HTTP's, 0 where none came; `code` is the specification's ("MANIFEST_UNKNOWN").
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        code: str | None = None,
        evidence: Evidence | None = None,
    ) -> None:
        super().__init__(message, evidence=evidence)
        self.status = status
        self.code = code


def codes_of(body: bytes) -> list[str]:
    """The codes in the body of a refusal; none where it is not as the specification has it."""
    return [str(one.get("code")) for one in _errors(body) if one.get("code")]


def said_by(body: bytes) -> str:
    """A registry's own words on one line: code and message of each error; a page's text."""
    found = []
    for error in _errors(body):
        code, message, detail = (error.get(key) for key in ("code", "message", "detail"))
        more = f" ({json.dumps(detail)})" if detail else ""
        found.append(f"{str(code or '').lower()}: {message or 'no message'}{more}")
    return words_of("; ".join(found)) if found else words_of(body)


def _errors(body: bytes) -> Iterator[dict[str, Any]]:
    try:
        found = json.loads(body)
    except ValueError:
        return
    errors = found.get("errors") if isinstance(found, dict) else None
    yield from (one for one in errors or () if isinstance(one, dict))
