"""The four kinds of patch that the Kubernetes API takes, as pure functions on objects."""

from __future__ import annotations

import copy
from typing import Any

import jsonpatch

from pytest_kubeflow.local.apiserver.errors import (
    Object,
    StatusError,
    bad_request,
    unsupported_media,
)
from pytest_kubeflow.local.apiserver.patches.merge import merge_patch
from pytest_kubeflow.local.bodies import check_levels, parse_json, parse_yaml
from pytest_kubeflow.local.kube.strategicmerge import strategic_merge

MERGE = "application/merge-patch+json"
JSON = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"
_MOST_OPERATIONS = 10_000


def parse_patch(content_type: str, body: bytes) -> Any:
    """The patch document. Raises StatusError for an unknown type or a body that does not parse."""
    if content_type not in {MERGE, JSON, STRATEGIC, APPLY}:
        raise unsupported_media(content_type, [JSON, MERGE, STRATEGIC, APPLY])
    try:
        patch = parse_yaml(body) if content_type == APPLY else parse_json(body)
    except ValueError as error:
        raise bad_request(f"error decoding patch: {error}") from None
    if content_type == JSON:
        if not isinstance(patch, list):
            raise bad_request("error decoding patch: a JSON patch is a list of operations")
        if len(patch) > _MOST_OPERATIONS:
            message = (
                "Request entity too large: The allowed maximum operations in a JSON patch is "
                f"{_MOST_OPERATIONS}, got {len(patch)}"
            )
            raise StatusError(413, "RequestEntityTooLarge", message)
    elif not isinstance(patch, dict):
        raise bad_request("error decoding patch: the patch is not an object")
    return patch


def apply_patch(content_type: str, obj: Object, patch: Any, *, custom: bool) -> Object:
    """`obj` after `patch`; `obj` itself is left alone.

    Custom resources have no strategic merge patch, as on a real server.
    """
    if content_type == STRATEGIC and custom:
        raise unsupported_media(content_type, [JSON, MERGE, APPLY])
    try:
        patched = _patched(content_type, obj, patch)
        check_levels(patched)
    except (AttributeError, TypeError, KeyError, ValueError) as error:
        # A list where there is an object, a directive that is none: no patch of this object.
        raise invalid_patch(str(error)) from None
    return patched


def invalid_patch(why: str) -> StatusError:
    """A patch that can be read, and does not leave an object of its kind."""
    return StatusError(422, "Invalid", f' "" is invalid: patch: Invalid value: {why}')


def _patched(content_type: str, obj: Object, patch: Any) -> Object:
    if content_type == MERGE:
        merged: Object = merge_patch(obj, patch)
        return merged
    if content_type == STRATEGIC:
        return strategic_merge(obj, patch)
    return _json_patch(obj, patch)


def _json_patch(obj: Object, patch: list[Any]) -> Object:
    try:
        patched: Object = jsonpatch.apply_patch(copy.deepcopy(obj), patch)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError):
        # A real server keeps the reason to itself.
        message = "the server rejected our request due to an error in our request"
        raise StatusError(422, "Invalid", message) from None
    if not isinstance(patched, dict):
        raise bad_request("the patch does not leave an object")
    return patched
