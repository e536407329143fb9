"""ApiWatch: says that the API server of a cluster that is joined is away, and that it is back.

Components wait for it, each for itself; this is the one line that people read of that.
"""

from __future__ import annotations

import asyncio
import logging
import time

from pytest_kubeflow.local.kube.client import ApiError, KubeClient
from pytest_kubeflow.local.kube.unreachable import ApiUnreachableError

log = logging.getLogger(__name__)

_PERIOD = 2.0
_ATTEMPT_SECONDS = 10.0
_VERSION = "/version"


class ApiWatch:
    """Asks by `client` every other second, from `run` on until it is cancelled."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client
        self._away_since: float | None = None

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            self._tell(await self._trouble())
            await asyncio.sleep(_PERIOD)

    async def _trouble(self) -> str | None:
        """Why it does not answer; None: it does."""
        try:
            async with asyncio.timeout(_ATTEMPT_SECONDS):
                await self._client.request("GET", _VERSION)
        except ApiUnreachableError as error:
            return str(error)
        except TimeoutError:
            return f"no answer within {_ATTEMPT_SECONDS:g} s"
        except ApiError:
            pass  # a refusal is an answer: it is there
        return None

    def _tell(self, trouble: str | None) -> None:
        if trouble is not None and self._away_since is None:
            self._away_since = time.monotonic()
            log.warning("the API server is away, and is waited for: %s", trouble)
        elif trouble is None and self._away_since is not None:
            away, self._away_since = time.monotonic() - self._away_since, None
            log.warning("the API server is back after %.0f s", away)
