"""The networks of a cluster: addresses for its node, components, pods and Services.

`clusternetwork.py` says what all of them have, and is the one on loopback; `nodenetwork.py` is a
network namespace of the cluster's own, in which `podnetworks.py` makes one for each pod;
`machinenetwork.py` is what a node of a real cluster has. `founding.py` decides, by what this
machine allows, and says why. `outward.py` and `nameservers.py` lead from a namespace to the
outside, by sockets of `machine.py`. `netlink.py`, `devices.py` and `nftables.py` speak to the
kernel.

All of it ends with the process that holds it, in whatever way that ends.
"""

from pytest_kubeflow.local.network.clusternetwork import (
    LOOPBACK,
    ClusterNetwork,
    LoopbackNetwork,
    is_this_machine,
)

__all__ = ["LOOPBACK", "ClusterNetwork", "LoopbackNetwork", "is_this_machine"]
