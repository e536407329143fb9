"""The network of a node that joins a real cluster: addresses that its API server takes, if any."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from pytest_kubeflow.local.kubelet.node import Told
from pytest_kubeflow.local.network import ClusterNetwork, LoopbackNetwork, MachineNetwork

log = logging.getLogger(__name__)

CONDITION = "PodAddressesRoutable"


def own_network(
    services: Iterable[str] = (), *, unknown: bool = False
) -> tuple[ClusterNetwork, Mapping[str, Told]]:
    """A network of this machine with the cluster IPs of `services`, and what the node says of it.

    Where this machine lets nobody have one, the addresses are of loopback: a real API server makes
    no endpoints of them. If the cluster does not tell its cluster IPs, these are `unknown`.
    """
    try:
        network = MachineNetwork(services)
    except OSError as error:
        why = f"no network of this machine's own: {error.strerror or error} (root with NET_ADMIN "
        why += "and /dev/net/tun could); pods have loopback addresses, and Services no endpoints"
        log.warning("%s", why)
        return LoopbackNetwork(), {CONDITION: ("False", "LoopbackAddresses", why)}
    if network.refused:
        why = "; ".join(network.refused) + ": Services have no addresses in pods"
        log.warning("%s", why)
        return network, {CONDITION: ("False", "NoClusterIPs", why)}
    if unknown:
        why = "the API server does not tell its cluster IPs: Services have no addresses in pods"
        return network, {CONDITION: ("False", "NoClusterIPs", why)}
    told = f"pods have addresses of {network.pods}, which this machine alone reaches"
    return network, {CONDITION: ("True", "MachineNetwork", told)}
