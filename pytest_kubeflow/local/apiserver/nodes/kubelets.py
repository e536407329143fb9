"""Kubelets: where the API server finds the kubelet of a node, and what it shows there."""

from __future__ import annotations

import ssl
from pathlib import Path

from pytest_kubeflow.local.apiserver.errors import StatusError, not_found
from pytest_kubeflow.local.apiserver.store import ResourceStore


class Kubelets:
    """The kubelets of all nodes. `tls` has the API server's client certificate."""

    def __init__(self, store: ResourceStore, *, ca: Path, certificate: tuple[Path, Path]) -> None:
        self._store = store
        self.tls = ssl.create_default_context(cafile=str(ca))
        self.tls.load_cert_chain(*certificate)

    def has(self, node_name: str) -> bool:
        """Whether there is such a node."""
        return self._store.get(("", "nodes"), ("", node_name)) is not None

    def address(self, node_name: str) -> str:
        """`host:port` of a node's kubelet.

        Raises StatusError 404 if there is no such node, 500 if it tells none.
        """
        node = self._store.get(("", "nodes"), ("", node_name))
        if node is None:
            raise not_found("", "pods", node_name)  # a real server says pods, too
        status = node.get("status") or {}
        addresses = [
            one["address"] for one in status.get("addresses") or [] if one["type"] == "InternalIP"
        ]
        endpoint = (status.get("daemonEndpoints") or {}).get("kubeletEndpoint") or {}
        if not addresses or "Port" not in endpoint:
            raise StatusError(500, "InternalError", f"no preferred addresses found for {node_name}")
        return f"{addresses[0]}:{endpoint['Port']}"
