"""The tests of GPUs."""

from __future__ import annotations

from pytest_kubeflow.config import parsers as p
from pytest_kubeflow.config.setting import Option
from pytest_kubeflow.config.toleration import Toleration

OPTIONS = (
    Option(
        "gpu_image",
        "gpu.image",
        p.TEXT,
        "The image of tasks that use GPUs. If it has PyTorch or CuPy, the tasks compute, too.",
        default="nvidia/cuda:12.4.1-base-ubuntu22.04",
        metavar="IMAGE",
    ),
    Option(
        "gpu_toleration",
        "gpu.tolerations",
        p.TOLERATIONS,
        "A taint of GPU nodes that tasks with GPUs tolerate. May be given more than once.",
        default=(Toleration("nvidia.com/gpu"),),
        metavar="KEY[=VALUE][:EFFECT]",
        repeatable=True,
    ),
    Option(
        "gpu_all_nodes",
        "gpu.all_nodes",
        p.FLAG,
        "Test the GPUs of each node.",
        default=False,
        metavar="BOOL",
        flag=True,
    ),
)
