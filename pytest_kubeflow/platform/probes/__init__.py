"""Probes: what the lists of objects cannot show, asked for beside them.

Each takes the cluster and a snapshot, asks a bounded number of times, changes nothing, and gives a
Probed: what it saw, and what it could not look at. None raises a KubeflowError.
"""

from pytest_kubeflow.platform.probes.probed import Probed, with_probes
from pytest_kubeflow.platform.probes.probing import probe

__all__ = ["Probed", "probe", "with_probes"]
