"""Faults of a platform: what is wrong in real installations, made in this one.

Most are edits of objects, which `edits.py` makes and takes back; what follows from them is the work
of the kubelet, the controllers, the gateway. A module has the faults of one group.
"""

from __future__ import annotations

from collections.abc import Mapping

from pytest_kubeflow.local.platform.faults import (
    applications,
    ended,
    images,
    mesh,
    nodes,
    profiles,
    storage,
    webhooks,
    workloads,
)
from pytest_kubeflow.local.platform.faults.edits import EditTarget
from pytest_kubeflow.local.platform.faults.fault import PlatformFault, PlatformFaults

TABLE: Mapping[str, PlatformFault] = {
    **workloads.FAULTS,
    **ended.FAULTS,
    **webhooks.FAULTS,
    **mesh.FAULTS,
    **storage.FAULTS,
    **nodes.FAULTS,
    **profiles.FAULTS,
    **images.FAULTS,
    **applications.FAULTS,
}

__all__ = ["TABLE", "EditTarget", "PlatformFault", "PlatformFaults"]
