"""LastKnownClient: what was read before is what is there, while the API server is away.

For webhooks. An API server that ends in order refuses new connections, but not before it has
answered the requests that it has: it waits for a webhook, which must not wait for it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Any

from pytest_kubeflow.local.kube.client import ApiError, KubeClient, Object
from pytest_kubeflow.local.kube.patient import UNKNOWN, PatientClient, is_passing
from pytest_kubeflow.local.kube.unreachable import ApiUnreachableError

_Asked = tuple[str, tuple[tuple[str, Any], ...]]

_ATTEMPT_SECONDS = 3.0
_MOST = 1000


class LastKnownClient(PatientClient):
    """A client by way of `client`. What it has not read before it waits for, as with any change."""

    def __init__(self, client: KubeClient) -> None:
        super().__init__(client)
        self._known: OrderedDict[_Asked, Object] = OrderedDict()

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, Any] | None = None,
        body: Any = None,
        content_type: str = "application/json",
    ) -> Object:
        if method != "GET":
            return await super().request(
                method, path, params=params, body=body, content_type=content_type
            )
        asked = path, tuple(sorted((params or {}).items()))
        if (known := self._known.get(asked)) is None:
            answer = await super().request(method, path, params=params)
        else:
            answer = await self._again(path, params) or known
        self._known[asked] = answer
        self._known.move_to_end(asked)
        if len(self._known) > _MOST:
            self._known.popitem(last=False)
        return answer

    async def _again(self, path: str, params: dict[str, Any] | None) -> Object | None:
        """What it answers now; None: it is away, or has just come back. Raises ApiError."""
        settling = False
        try:
            async with asyncio.timeout(_ATTEMPT_SECONDS):
                settling = await self.settles()
                return await self._client.request("GET", path, params=params)
        except (ApiUnreachableError, TimeoutError):
            return None
        except ApiError as error:
            if not (is_passing(error) or (error.code in UNKNOWN and settling)):
                raise
            return None
