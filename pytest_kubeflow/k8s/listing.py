"""Lists of objects as plain JSON, in pages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pytest_kubeflow.k8s.calling import calling
from pytest_kubeflow.k8s.client import KubernetesClient

PAGE = 500
"""Objects in one response, as kubectl asks for them."""


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
    return json.loads(response.data), dict(response.headers)


def list_pages(
    kubernetes: KubernetesClient,
    path: str,
    what: str,
    *,
    page: int = PAGE,
    field_selector: str | None = None,
    accept: str = "application/json",
) -> Iterator[list[dict[str, Any]]]:
    """The objects of a list, page by page, in the representation that `accept` asks for."""
    more = ""
    while True:
        asked = {"limit": str(page)}
        asked |= {"fieldSelector": field_selector} if field_selector else {}
        asked |= {"continue": more} if more else {}
        found, _ = get_json(kubernetes, path, what, accept=accept, **asked)
        yield list(found.get("items") or ())
        more = (found.get("metadata") or {}).get("continue") or ""
        if not more:
            return
