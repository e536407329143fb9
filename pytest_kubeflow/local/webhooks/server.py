"""WebhookServer: serves a webhook with the certificate that its Secret holds."""

from __future__ import annotations

import asyncio
import base64
import logging
import os
import ssl
from pathlib import Path

from starlette.types import ASGIApp

from pytest_kubeflow.local.httpd import HttpServer
from pytest_kubeflow.local.kube import Informer, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import SECRETS

log = logging.getLogger(__name__)


class WebhookServer:
    """Listens at `host`; `directory`, made here, is for the files of the Secret.

    Another certificate in the Secret is taken up, as by a real one, whose files the kubelet renews.
    """

    def __init__(
        self,
        client: KubeClient,
        *,
        secret: tuple[str, str],
        directory: Path,
        host: str,
        app: ASGIApp,
    ) -> None:
        self._client = client
        self._secret = secret
        self._directory = directory
        self._host = host
        self._app = app
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read the Secret and listen. Raises ApiError."""
        namespace, name = self._secret
        self._directory.mkdir(mode=0o700, parents=True)
        files = self._write(await self._client.get(SECRETS, name, namespace))
        self._server = HttpServer(self._app, host=self._host, certificate=files[0], key=files[1])
        await self._server.start()
        informer = Informer(
            self._client, SECRETS, namespace, field_selector=f"metadata.name={name}"
        )
        informer.on_change(self._changed)
        self._task = asyncio.create_task(informer.run(), name="webhook certificate")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            await self._server.stop()

    @property
    def address(self) -> tuple[str, int]:
        return self._server.address

    def _changed(self, kind: str, secret: Object) -> None:
        if kind == "DELETED":
            return
        try:
            self._server.use_certificate(*self._write(secret))
        except (KeyError, ValueError, ssl.SSLError) as error:
            log.warning("Secret %s/%s of a webhook has no certificate: %s", *self._secret, error)

    def _write(self, secret: Object) -> tuple[Path, Path]:
        data = secret.get("data") or {}
        paths = []
        for name in ("tls.crt", "tls.key"):
            path = self._directory / name
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with open(descriptor, "wb") as file:
                file.write(base64.b64decode(data[name]))
            paths.append(path)
        return paths[0], paths[1]
