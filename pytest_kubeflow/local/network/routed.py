"""Networks that this machine routes, and one that it does not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pytest_kubeflow.local.network.netlink import Address, Network

_ROUTES = Path("/proc/net/route")
# What RFC 2544 sets aside for tests of networks; some proxies hand it out, so parts of what
# RFC 1918 and 6598 leave to whoever wants it come after it.
_CHOICE = tuple(map(Network, ("198.18.0.0/15", "172.30.0.0/15", "100.126.0.0/15", "10.254.0.0/15")))


def routed_networks() -> list[Network]:
    """What this machine sends somewhere, but for the default route."""
    networks = []
    for line in _ROUTES.read_text().splitlines()[1:]:
        fields = line.split()
        destination, mask = (
            Address(int.from_bytes(bytes.fromhex(fields[index])[::-1])) for index in (1, 7)
        )
        network = Network(f"{destination}/{mask}")
        if network.prefixlen:
            networks.append(network)
    return networks


def unrouted_network(routed: Sequence[Network]) -> Network:
    """A /15 that hides nothing of what is routed. Raises OSError if there is none."""
    for network in _CHOICE:
        if not any(network.overlaps(other) for other in routed):
            return network
    raise OSError(f"this machine routes parts of {', '.join(map(str, _CHOICE))}")
