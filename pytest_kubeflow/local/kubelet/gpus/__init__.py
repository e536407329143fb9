"""GPUs of this node: which there are, what the node says of them, which pod has which.

`nvidia_smi.py` asks the driver's own tool, `inventory.py` makes of its answer the resources and
labels that NVIDIA's device plugin and GPU feature discovery would, `pool.py` hands the devices to
pods. It is NOT the device plugin protocol: only NVIDIA's GPUs are known here.
"""

from pytest_kubeflow.local.kubelet.gpus.inventory import Device, Inventory, take_stock
from pytest_kubeflow.local.kubelet.gpus.nvidia_smi import Gpu, Mig, SmiProblem
from pytest_kubeflow.local.kubelet.gpus.pool import CONDITION, GpuPool, GpuShare, GpusUnavailable

__all__ = [
    "CONDITION",
    "Device",
    "Gpu",
    "GpuPool",
    "GpuShare",
    "GpusUnavailable",
    "Inventory",
    "Mig",
    "SmiProblem",
    "take_stock",
]
