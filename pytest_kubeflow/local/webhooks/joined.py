"""JoinedWebhooks: the platform's webhooks, registered with an API server that others started.

It asks them at loopback, so that one that has been left behind by a kill refuses connections at
once, in place of a time without an answer. Without an answer no pod can be made in profiles, here
as on a real cluster: so the registration is removed at the end, or by the next start.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path

from starlette.types import ASGIApp

from pytest_kubeflow.local.httpd import HttpServer
from pytest_kubeflow.local.kube import (
    ApiError,
    ApiUnreachableError,
    KubeClient,
    LastKnownClient,
    Resource,
)
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import (
    MUTATING_WEBHOOKS,
    PVC_VIEWERS,
    VALIDATING_WEBHOOKS,
)
from pytest_kubeflow.local.network import LOOPBACK
from pytest_kubeflow.local.platform.certificate import KeyPair, self_signed
from pytest_kubeflow.local.webhooks.programs import WebhookProgram

log = logging.getLogger(__name__)

_HOST = "localhost"
_KINDS = {one.kind: one for one in (VALIDATING_WEBHOOKS, MUTATING_WEBHOOKS)}
_OURS = {"app.kubernetes.io/managed-by": "pytest-kubeflow-local"}
_SELECTOR = ",".join(f"{key}={value}" for key, value in _OURS.items())
_IN_FORCE_SECONDS = 60.0
_PAUSE = 0.1


class ForeignWebhookError(Exception):
    """The cluster has a webhook of that name, which somebody else registered; one line."""


class JoinedWebhooks:
    """`directory`, made here, is for the certificate; probes of the webhooks are in `namespace`."""

    def __init__(
        self,
        client: KubeClient,
        programs: Sequence[WebhookProgram],
        *,
        directory: Path,
        namespace: str,
    ) -> None:
        self._client = client
        self._programs = programs
        self._directory = directory
        self._namespace = namespace
        self._servers: list[HttpServer] = []

    async def start(self) -> None:
        """Listen, register, and return once the API server asks.

        Raises ApiError, ForeignWebhookError.
        """
        pair = self_signed((_HOST,))
        self._directory.mkdir(mode=0o700, parents=True)
        for program in self._programs:
            # Its server may go away while it asks: what is refused then would be refused for good.
            client = LastKnownClient(self._client)
            server = await self._serve(program.app(client), pair)
            for obj in program.objects():
                if (resource := _KINDS.get(obj["kind"])) is not None:
                    await self._register(resource, _asking(obj, server, pair))
        if any(_asks_for_viewers(program) for program in self._programs):
            await self._in_force()

    async def stop(self) -> None:
        """Remove the registrations first: without servers they would refuse."""
        try:
            await remove_left(self._client)
        except (ApiError, ApiUnreachableError) as error:
            kinds = ",".join(resource.plural for resource in _KINDS.values())
            log.warning(
                "the webhooks of the embedded Kubeflow stay registered: %s; until "
                "`kubectl delete %s -l %s` no pods can be made in profiles",
                *(error, kinds, _SELECTOR),
            )
        for server in self._servers:
            await server.stop()

    async def _serve(self, app: ASGIApp, pair: KeyPair) -> HttpServer:
        files = []
        for name, content in (("tls.crt", pair.certificate), ("tls.key", pair.key)):
            path = self._directory / name
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with open(descriptor, "wb") as file:
                file.write(content)
            files.append(path)
        # The API server calls it by the name that the certificate has.
        server = HttpServer(app, host=LOOPBACK, certificate=files[0], key=files[1])
        self._servers.append(server)
        await server.start()
        return server

    async def _register(self, resource: Resource, obj: Object) -> None:
        try:
            await self._client.create(resource, obj)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            raise ForeignWebhookError(
                f"{resource.kind} {obj['metadata']['name']} is in the cluster already, and not by "
                "an embedded Kubeflow: join a control plane that is there for tests, without "
                "Kubeflow on it"
            ) from None

    async def _in_force(self) -> None:
        """Wait until the API server has read what was registered, kind by kind.

        One that cannot reach us would refuse all pods of profiles: then nothing is registered.
        """
        deadline = time.monotonic() + _IN_FORCE_SECONDS
        while True:
            answer = await self._probe()
            if answer == "asked":
                return
            if answer or time.monotonic() > deadline:
                await remove_left(self._client)
                log.warning(
                    "no webhooks: the API server does not reach %s of this machine (%s). "
                    "PodDefaults do nothing, Katib's trials have no collectors",
                    *(_HOST, answer or f"they were not asked within {_IN_FORCE_SECONDS:.0f} s"),
                )
                return
            await asyncio.sleep(_PAUSE)

    async def _probe(self) -> str:
        """`asked`, empty while the webhooks are not asked, or why they cannot be."""
        try:
            made = await self._dry_run("probe")
        except ApiError as error:
            if "failed calling webhook" in error.message:
                return error.message
            return ""  # the one that fills in is not asked yet, and the other refuses
        if "podSpec" not in made["spec"]:
            return ""
        try:
            await self._dry_run("")
        except ApiError:
            return "asked"
        return ""

    async def _dry_run(self, claim: str) -> Object:
        viewer = {
            "apiVersion": PVC_VIEWERS.api_version,
            "kind": PVC_VIEWERS.kind,
            "metadata": {"name": "probe", "namespace": self._namespace},
            "spec": {"pvc": claim},
        }
        path = PVC_VIEWERS.path(self._namespace)
        return await self._client.request("POST", path, params={"dryRun": "All"}, body=viewer)


async def remove_left(client: KubeClient) -> None:
    """Remove what an embedded Kubeflow has registered, this one or one that was killed."""
    for resource in _KINDS.values():
        for obj in (await client.list(resource, label_selector=_SELECTOR))["items"]:
            try:
                await client.delete(resource, obj["metadata"]["name"])
            except ApiError as error:
                if not error.not_found:
                    raise


def _asking(obj: Object, server: HttpServer, pair: KeyPair) -> Object:
    """A configuration that leads to `server`, and is marked as ours."""
    authority = base64.b64encode(pair.certificate).decode()
    port = server.address[1]
    webhooks = [
        {
            **one,
            "clientConfig": {
                "caBundle": authority,
                "url": f"https://{_HOST}:{port}{one['clientConfig']['service']['path']}",
            },
        }
        for one in obj["webhooks"]
    ]
    # Without the annotation by which cert-manager would put another authority there.
    metadata = {"name": obj["metadata"]["name"], "labels": _OURS}
    return {**obj, "metadata": metadata, "webhooks": webhooks}


def _asks_for_viewers(program: WebhookProgram) -> bool:
    return any(
        PVC_VIEWERS.plural in rule["resources"]
        for obj in program.objects()
        for one in obj.get("webhooks") or ()
        for rule in one["rules"]
    )
