"""Tags of pipelines and their versions. Source: backend/src/apiserver/model/pipeline_tags.go."""

from __future__ import annotations

import json
from typing import Any

from pytest_kubeflow.local.pipelines.api.errors import invalid

_LONGEST = 63
_MOST = 20


def parse_tags(text: str) -> dict[str, str]:
    """The tags in an upload's query: a JSON object, or nothing. Raises RequestError."""
    if not text:
        return {}
    try:
        tags = json.loads(text)
        json.dumps(tags, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except ValueError:
        tags = None
    return checked_tags(tags)


def checked_tags(tags: Any) -> dict[str, str]:
    """The tags of a request, if they are what tags may be. Raises RequestError."""
    if not isinstance(tags, dict) or not all(isinstance(one, str) for one in tags.values()):
        raise invalid(
            "Failed to parse tags query parameter. Expected JSON object with string keys and values"
        )
    if len(tags) > _MOST:
        raise invalid(f"number of tags ({len(tags)}) exceeds maximum of {_MOST} per entity")
    for key, value in tags.items():
        shown = json.dumps(key, ensure_ascii=False)
        if not key:
            raise invalid("tag key cannot be empty")
        if "." in key:
            raise invalid(f"tag key {shown} must not contain '.' character")
        if len(key) > _LONGEST:
            raise invalid(f"tag key {shown} exceeds maximum length of {_LONGEST} characters")
        if len(value) > _LONGEST:
            text = json.dumps(value, ensure_ascii=False)
            raise invalid(
                f"tag value {text} for key {shown} exceeds maximum length of {_LONGEST} characters"
            )
    return tags
