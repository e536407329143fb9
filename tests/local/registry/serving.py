"""A registry of the embedded cluster alone, served by HTTP in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.httpd import HttpServer
from pytest_kubeflow.local.kubelet import ImageCatalogue
from pytest_kubeflow.local.registry import BasicAuth, Repositories, registry_app
from pytest_kubeflow.local.registry.mirror import catalogue_image

USER, PASSWORD = "tester", "planted-pass-1"


@contextmanager
def registry(directory: Path) -> Iterator[str]:
    """Gives host and port."""
    catalogue = ImageCatalogue()
    content = Repositories(directory, lambda name, tag: catalogue_image(catalogue, name, tag))
    app = registry_app(content, BasicAuth(USER, PASSWORD), Faults())
    server = HttpServer(app)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
    try:
        yield f"{server.host}:{server.port}"
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
