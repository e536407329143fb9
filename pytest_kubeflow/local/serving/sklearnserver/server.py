"""PodModelServer: kserve's ModelServer where a pod may listen."""

from __future__ import annotations

import ipaddress
import os
from typing import Any

import kserve


class PodModelServer(kserve.ModelServer):  # type: ignore[misc]
    """Listens where the node says, at the pod's address alone or at every one, over HTTP only.

    ModelServer itself knows no other address than 0.0.0.0: its REST server is told the right one
    between the moment that it is made and the moment that it binds.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(enable_grpc=False, workers=1, **options)

    async def _serve(self) -> None:
        address = os.environ["KF_LISTEN_ADDRESS"]
        if ipaddress.ip_address(address).is_global:
            raise RuntimeError(f"the pod's address {address} can be reached from elsewhere")
        self._rest_server.config.host = address
        await super()._serve()
