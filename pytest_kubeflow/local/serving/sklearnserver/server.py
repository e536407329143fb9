"""PodModelServer: kserve's ModelServer at the address of its pod."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import kserve


class PodModelServer(kserve.ModelServer):  # type: ignore[misc]
    """Listens where the pod's host name leads, over HTTP only.

    ModelServer itself knows no other address than 0.0.0.0: its REST server is told the right one
    between the moment that it is made and the moment that it binds.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(enable_grpc=False, workers=1, **options)

    async def _serve(self) -> None:
        address = socket.gethostbyname(socket.gethostname())
        if ipaddress.ip_address(address).is_global:
            raise RuntimeError(f"the pod's address {address} can be reached from elsewhere")
        self._rest_server.config.host = address
        await super()._serve()
