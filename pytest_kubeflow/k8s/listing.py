"""Lists of objects as plain JSON, in pages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.k8s.calling import calling
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.response_text import words_of

PAGE = 500
"""Objects in one response, as kubectl asks for them."""


_EXPIRED = 410


def get_json(
    kubernetes: KubernetesClient,
    path: str,
    what: str,
    *,
    accept: str = "application/json",
    **query: str,
) -> tuple[dict[str, Any], dict[str, str]]:
    """The object at a path of the API, and the headers of the response.

    `what` completes "cannot ...". Raises KubeflowError, NotFound where nothing is there.
    """
    with calling(what):
        response = kubernetes.api_client.call_api(
            path,
            "GET",
            query_params=list(query.items()),
            header_params={"Accept": accept},
            auth_settings=["BearerToken"],
            _return_http_data_only=True,
            _preload_content=False,
        )
    try:
        found = json.loads(response.data)
    except ValueError:
        found = None
    if not isinstance(found, dict):  # a page of what stands in between, say
        message = words_of(response.data) or "nothing"
        raise KubeflowError(f"cannot {what}: Kubernetes answers with what is no object: {message}")
    return found, dict(response.headers)


def list_pages(
    kubernetes: KubernetesClient,
    path: str,
    what: str,
    *,
    page: int = PAGE,
    field_selector: str | None = None,
    label_selector: str | None = None,
    accept: str = "application/json",
) -> Iterator[list[dict[str, Any]]]:
    """The objects of a list, page by page, in the representation that `accept` asks for.

    A server forgets after some minutes where a list goes on: then the rest comes by another one.
    """
    more = ""
    chosen = {"fieldSelector": field_selector} if field_selector else {}
    if label_selector:
        chosen["labelSelector"] = label_selector
    told: set[str] = set()
    while True:
        asked = {"limit": str(page), **({"continue": more} if more else {})}
        try:
            found, _ = get_json(kubernetes, path, what, accept=accept, **asked, **chosen)
        except KubeflowError as error:
            if not (more and getattr(error.__cause__, "status", None) == _EXPIRED):
                raise
            found, _ = get_json(kubernetes, path, what, accept=accept, **chosen)
        objects = [one for one in _items(found) if _name(one) not in told]
        told.update(map(_name, objects))
        yield objects
        metadata = found.get("metadata")
        further = metadata.get("continue") if isinstance(metadata, dict) else ""
        if not further or further == more:
            return
        more = str(further)


def _items(found: dict[str, Any]) -> list[dict[str, Any]]:
    """What there is in a list; nothing in what is none."""
    there = found.get("items")
    return [one for one in there if isinstance(one, dict)] if isinstance(there, list) else []


def _name(obj: dict[str, Any]) -> str:
    metadata = obj.get("metadata")
    there = metadata if isinstance(metadata, dict) else {}
    return f"{there.get('namespace')}/{there.get('name') or id(obj)}"
