"""Images of the mesh, which more than its own components have."""

from __future__ import annotations

ISTIO = "1.30.1"
PROXY_IMAGE = f"registry.istio.io/release/proxyv2:{ISTIO}"
