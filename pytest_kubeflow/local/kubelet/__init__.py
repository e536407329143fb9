"""The kubelet: runs pods as isolated processes of this machine.

A pod's containers are processes with a root file system, PIDs and host name of their own, on the
network of the host. `kubelet.py` watches the pods of its node; in `pods/` a `PodWorker` each runs
one, and `status.py` says what its containers amount to; in `containers/` a `ContainerRunner` runs
each of these. `images/` knows what stands behind an image name and `containers/rootfs.py` puts it
together, `volumes/` and `containers/env.py` bring in what the pod refers to, `pod_network/` has its
address and names, `cgroups/` holds it to its limits and `gpus/` lends it devices. `server/` leads
into pods. It talks to the API server over HTTP only, so `python -m pytest_kubeflow.local.kubelet
--kubeconfig FILE` makes this machine a node of any cluster. It is NOT a client of a container
runtime: it makes images' roots and their processes itself, by the spawner.
"""

from pytest_kubeflow.local.kubelet.images.catalogue import (
    PACKAGES,
    Image,
    ImageCatalogue,
    ImageUnknown,
)
from pytest_kubeflow.local.kubelet.images.environments import PythonEnvironments
from pytest_kubeflow.local.kubelet.kubelet import Kubelet

__all__ = [
    "PACKAGES",
    "Image",
    "ImageCatalogue",
    "ImageUnknown",
    "Kubelet",
    "PythonEnvironments",
]
