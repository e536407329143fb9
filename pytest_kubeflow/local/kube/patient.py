"""PatientClient: requests that are repeated for as long as the API server is away.

For components that go on where they were when it is back: real ones keep their work in a queue and
do it again. What counts as passing is what Argo's workflow controller takes for it
(argo-workflows util/errors, IsTransientErr).
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from pytest_kubeflow.local.kube.client import ApiError, KubeClient, Object
from pytest_kubeflow.local.kube.unreachable import ApiUnreachableError

log = logging.getLogger(__name__)

_PAUSES = (0.1, 5.0)
_PASSING = frozenset({429, 503, 504})
_REASONS = frozenset({"ServerTimeout", "Timeout", "TooManyRequests", "ServiceUnavailable"})
_ETCD = ("etcdserver: leader changed", "etcdserver: request timed out", "too many requests")
_ATTEMPT_SECONDS = 15.0  # one that has just started may take requests and answer none
UNKNOWN = frozenset({401, 403})
"""What one answers that has not read all rights yet."""


class PatientClient(KubeClient):
    """A client by way of `client`, which stays open for others."""

    def __init__(self, client: KubeClient) -> None:
        self.credentials = client.credentials
        self._client = client

    async def settles(self) -> bool:
        """As the other one knows it, which follows watches as well."""
        return await self._client.settles()

    async def close(self) -> None:
        """Leave that to the other one."""

    @asynccontextmanager
    async def _open(self, *asked: Any, **options: Any) -> AsyncGenerator[aiohttp.ClientResponse]:
        """Watches and logs are asked for once: who follows them asks again."""
        async with self._client._open(*asked, **options) as response:
            yield response

    async def _attempted(self, once: Callable[[], Awaitable[Object]], *, made: str) -> Object:
        """What it answers, whenever that may be. Raises ApiError if refused.

        An object whose creation was done while its response was lost is returned.
        """
        lost, pause = False, _PAUSES[0]
        while True:
            settling = await self.settles()
            try:
                async with asyncio.timeout(_ATTEMPT_SECONDS):
                    return await once()
            except (ApiUnreachableError, TimeoutError) as error:
                lost, found = True, str(error) or "it does not answer"
            except ApiError as error:
                if lost and made and error.reason == "AlreadyExists":
                    return await self.request("GET", made)
                unsettled = error.code in UNKNOWN and settling
                if not (unsettled or is_passing(error)):
                    raise
                found = str(error)
            log.debug("waiting for the API server: %s", found)
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 (no secret)
            pause = min(pause * 2, _PAUSES[1])


def is_passing(error: ApiError) -> bool:
    """Whether an API server refuses for now, and not what was asked for."""
    return (
        error.code in _PASSING
        or error.reason in _REASONS
        or any(one in error.message for one in _ETCD)
    )
