"""Server-side dry run: an object passes all that stands before its making, and is not made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_kubeflow.k8s.calling import calling
from pytest_kubeflow.k8s.client import KubernetesClient


def create_dry_run(
    kubernetes: KubernetesClient,
    path: str,
    body: Mapping[str, Any],
    what: str,
    *,
    timeout: tuple[float, float],
) -> None:
    """Have the API server judge a create at `path`, with `dryRun=All`.

    `what` completes "cannot ...", `timeout` is for the connection and for the response. Raises
    KubeflowError: AdmissionRefused and others with the words of the API server.
    """
    with calling(what):
        kubernetes.api_client.call_api(
            path,
            "POST",
            query_params=[("dryRun", "All")],
            header_params={"Accept": "application/json", "Content-Type": "application/json"},
            body=dict(body),
            auth_settings=["BearerToken"],
            _return_http_data_only=True,
            _preload_content=False,
            _request_timeout=timeout,
        )
