"""ML Metadata behind a real HTTP server."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from pytest_kubeflow.local.httpd import HttpServer
from pytest_kubeflow.local.metadata import MetadataStore, metadata_app


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, dict[str, Any]]]:
    """The URL of a server, and where its application is."""
    place: dict[str, Any] = {}

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await place["app"](scope, receive, send)

    async def serve() -> HttpServer:
        server = HttpServer(application)
        await server.start()
        return server

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(serve(), loop).result(10)
    yield server.url, place
    asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture
def url(served: tuple[str, dict[str, Any]]) -> str:
    """Where a store is that knows nothing yet."""
    served[1]["app"] = metadata_app(MetadataStore())
    return served[0]
