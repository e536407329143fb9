"""The kubelet: runs pods as isolated processes of this machine.

A pod's containers are processes with a root file system, PIDs and host name of their own, on the
network of the host. `kubelet.py` watches the pods of its node, a `PodWorker` each runs one, a
`ContainerRunner` each container; `status.py` says what they amount to. `images.py` and
`environments.py` know what stands behind an image name, `rootfs.py` puts it together, `volumes.py`,
`projection.py` and `env.py` bring in what the pod refers to, `cgroups/` holds them to their limits
and `gpus/` lends them devices. `admission.py` and `eviction.py` say which pods the node does not
take or keep; `remotecommand.py` and `portforward.py` lead into them. It talks to the API server
over HTTP only, so
`python -m pytest_kubeflow.local.kubelet --kubeconfig FILE` makes this machine a node of any
cluster. It is NOT a container runtime: no image is pulled.
"""

from pytest_kubeflow.local.kubelet.environments import PythonEnvironments
from pytest_kubeflow.local.kubelet.images import PACKAGES, Image, ImageCatalogue, ImageUnknown
from pytest_kubeflow.local.kubelet.kubelet import Kubelet

__all__ = [
    "PACKAGES",
    "Image",
    "ImageCatalogue",
    "ImageUnknown",
    "Kubelet",
    "PythonEnvironments",
]
