"""Pages of lists: `limit` and `continue`, and the version that a list is of."""

from __future__ import annotations

import base64
import json

from pytest_kubeflow.local.apiserver.errors import (
    Object,
    StatusError,
    bad_request,
    expired,
    invalid,
)
from pytest_kubeflow.local.apiserver.store import Name


def name_of(obj: Object) -> Name:
    """An object's key in the store."""
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def page(found: list[Object], query: dict[str, str], revision: int) -> tuple[list[Object], Object]:
    """The part of `found` (in the order of its keys) that `query` asks for, and list metadata.

    Raises StatusError: 400 for a token or a version that is none, 504 for one that is yet to come.
    """
    _check_version(query, revision)
    metadata: Object = {"resourceVersion": str(revision)}
    if token := query.get("continue"):
        start, metadata["resourceVersion"] = _read_token(token)
        found = [one for one in found if name_of(one) > start]
    limit = number(query, "limit")
    if not limit or len(found) <= limit:
        return found, metadata
    metadata["continue"] = _token(name_of(found[limit - 1]), metadata["resourceVersion"])
    if not query.get("labelSelector") and not query.get("fieldSelector"):
        metadata["remainingItemCount"] = len(found) - limit
    return found[:limit], metadata


def number(query: dict[str, str], name: str) -> int:
    """A query parameter that is a number; absent, empty or negative: 0. Raises StatusError 400."""
    text = query.get(name) or "0"
    if not (text.isascii() and text.removeprefix("-").isdigit()):
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    return max(0, int(text))


def version(query: dict[str, str]) -> int:
    """The `resourceVersion` asked for; 0: any. Raises StatusError 500, as a real server does."""
    text = query.get("resourceVersion") or "0"
    if not (text.isascii() and text.isdigit()):
        why = f'strconv.ParseUint: parsing "{text}": invalid syntax'
        raise StatusError(500, "", f'resourceVersion: Invalid value: "{text}": {why}')
    return int(text)


def _check_version(query: dict[str, str], revision: int) -> None:
    """Lists are of now: what is newer than asked for will do, unless it is to be exact."""
    try:
        wanted = version(query)
    except StatusError as error:
        raise bad_request(f"invalid resource version: {error.message}") from None
    if query.get("resourceVersionMatch") and not query.get("resourceVersion"):
        why = "resourceVersionMatch is forbidden unless resourceVersion is provided"
        cause = ("resourceVersionMatch", "FieldValueForbidden", f"Forbidden: {why}")
        raise invalid("meta.k8s.io", "ListOptions", "", [cause])
    check_reached(query, revision)
    if query.get("resourceVersionMatch") == "Exact" and wanted != revision:
        raise expired("The resourceVersion for the provided list is too old.")


def check_reached(query: dict[str, str], revision: int) -> None:
    """Raise StatusError 504 for a version that is yet to come."""
    wanted = version(query)
    if wanted > revision:
        message = f"Too large resource version: {wanted}, current: {revision}"
        cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
        details: Object = {"causes": [cause], "retryAfterSeconds": 1}
        raise StatusError(504, "Timeout", message, details=details)


def _token(last: Name, revision: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([last, revision]).encode()).decode()


def _read_token(token: str) -> tuple[Name, str]:
    try:
        (namespace, name), revision = json.loads(base64.urlsafe_b64decode(token))
    except (TypeError, ValueError):
        raise bad_request("invalid continue token: continue key is not valid") from None
    return (namespace, name), revision
