"""The network of a node: its own where this machine lets us, and what the node says of that."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterable, Mapping

from pytest_kubeflow.local.network.clusternetwork import ClusterNetwork, LoopbackNetwork
from pytest_kubeflow.local.network.machine import leave_the_machine
from pytest_kubeflow.local.network.machinenetwork import MachineNetwork
from pytest_kubeflow.local.network.netlink import Network
from pytest_kubeflow.local.network.nodenetwork import NodeNetwork
from pytest_kubeflow.local.network.podnetworks import PodNetworks
from pytest_kubeflow.local.network.routed import routed_networks, unrouted_network

log = logging.getLogger(__name__)

ConditionState = tuple[str, str, str]
"""A condition of the node: its status, reason and message."""

Founded = tuple[LoopbackNetwork | NodeNetwork, Mapping[str, ConditionState]]
"""The network of a cluster with a control plane of its own, and what its node says of it."""

ROUTABLE = "PodAddressesRoutable"
"""Whether a real API server takes the addresses of pods."""

ISOLATED = "PodNetworksIsolated"
"""Whether each pod has a network namespace."""

CHOICES = ("auto", "own", "shared")


class NoOwnNetwork(Exception):  # noqa: N818 (what this machine is like)
    """Pods are to have networks of their own, and this machine does not let us."""


def node_network(wanted: str = "auto") -> Founded:
    """The network of a cluster with a control plane of its own, and what the node says of it.

    If it is an own one, this process, which must have one thread, leaves the machine's for it.
    `wanted` is one of CHOICES. Raises NoOwnNetwork.
    """
    if wanted == "shared":
        return LoopbackNetwork(), {ISOLATED: _shared("as it was asked for")}
    if (refused := _tried()) is not None:
        why = f"this machine lets nobody of us have them ({refused})"
        if wanted == "own":
            raise NoOwnNetwork(f"no networks of pods' own: {why}; pods can share the machine's")
        log.info("pods share the machine's network: %s", why)
        return LoopbackNetwork(), {ISOLATED: _shared(why)}
    network = _left()
    message = f"each pod has a network namespace, with an address of {network.pods}"
    return network, {ISOLATED: ("True", "OwnNetworks", message)}


def _left() -> NodeNetwork:
    """The network of its own that this process has from now on. Raises OSError."""
    cluster = unrouted_network(routed_networks())
    return NodeNetwork(leave_the_machine(), cluster)


def _shared(why: str) -> ConditionState:
    message = f"pods share the network of the machine, its ports and its 127.0.0.1: {why}"
    return "False", "SharedNetwork", message


def _tried() -> str | None:
    """What a process like this one is refused that tries all of it; None: nothing."""
    if threading.active_count() > 1:
        return "the process has other threads"
    read, write = os.pipe2(os.O_CLOEXEC)
    if not (child := os.fork()):
        try:
            network = _left()
            networks = PodNetworks(network.cables, network.host_ip)
            networks.make_now(next(Network(network.pods).hosts()))
            os._exit(0)
        except OSError as error:
            os.write(write, str(error.strerror or error).encode())
        finally:
            os._exit(1)
    os.close(write)
    with os.fdopen(read, "rb") as answer:
        message = answer.read().decode(errors="replace")
    _, status = os.waitpid(child, 0)
    return None if status == 0 else message or "the trial ended unexpectedly"


_OF_REAL_CLUSTERS = {ISOLATED: _shared("a real API server asks them from there")}


def own_network(
    services: Iterable[str] = (), *, unknown: bool = False
) -> tuple[ClusterNetwork, Mapping[str, ConditionState]]:
    """A network for a node of a real cluster, with the cluster IPs of `services`, and its words.

    Where this machine lets nobody have one, the addresses are of loopback: a real API server makes
    no endpoints of them. If the cluster does not tell its cluster IPs, these are `unknown`.
    """
    try:
        network = MachineNetwork(services)
    except OSError as error:
        why = f"no network of this machine's own: {error.strerror or error} (root with NET_ADMIN "
        why += "and /dev/net/tun could); pods have loopback addresses, and Services no endpoints"
        log.warning("%s", why)
        unroutable = {ROUTABLE: ("False", "LoopbackAddresses", why)}
        return LoopbackNetwork(), unroutable | _OF_REAL_CLUSTERS
    if network.refused:
        why = "; ".join(network.refused) + ": Services have no addresses in pods"
        log.warning("%s", why)
        return network, {ROUTABLE: ("False", "NoClusterIPs", why)} | _OF_REAL_CLUSTERS
    if unknown:
        why = "the API server does not tell its cluster IPs: Services have no addresses in pods"
        return network, {ROUTABLE: ("False", "NoClusterIPs", why)} | _OF_REAL_CLUSTERS
    message = f"pods have addresses of {network.pods}, which this machine alone reaches"
    return network, {ROUTABLE: ("True", "MachineNetwork", message)} | _OF_REAL_CLUSTERS
