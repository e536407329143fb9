"""Cgroups of this node's pods: where they may live, what limits they hold, what they tell.

`hierarchies.py` reads what is mounted, `usable_cgroups.py` finds by trying where this process may
limit others, `limits.py` turns a pod's resources into what is written, `groups.py` is a pod's
cgroup and those of its containers, `enforcement.py` holds it all together for the kubelet. Nothing
is assumed from version or user: what was not seen to work is not claimed.
"""

from pytest_kubeflow.local.kubelet.cgroups.enforcement import CONDITION, Enforcement
from pytest_kubeflow.local.kubelet.cgroups.groups import ContainerCgroup, PodCgroup
from pytest_kubeflow.local.kubelet.cgroups.refusals import Refusal
from pytest_kubeflow.local.kubelet.cgroups.usable_cgroups import UsableCgroup

__all__ = ["CONDITION", "ContainerCgroup", "Enforcement", "PodCgroup", "Refusal", "UsableCgroup"]
