"""The ASGI application of ML Metadata, made with its first request.

Its messages take protobuf, whose import costs a tenth of a second: the cluster starts without.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from pytest_kubeflow.local.metadata.store import MetadataStore


def metadata_app(store: MetadataStore) -> ASGIApp:
    """An ASGI application that serves `/ml_metadata.MetadataStoreService/<Method>`."""
    made: ASGIApp | None = None

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal made
        if made is None:
            from pytest_kubeflow.local.metadata.service import service_app

            made = service_app(store)
        await made(scope, receive, send)

    return app
