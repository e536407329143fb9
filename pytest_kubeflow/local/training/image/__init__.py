"""The image of torch-distributed: this machine's Python, PyTorch where it is installed, torchrun.

A release names an image of several GB with CUDA. Of it there is what is installed beside the
embedded cluster; `torchrun` is PyTorch's own where there is PyTorch, else one that starts processes
with the same variables, by the same agreement of its nodes.
"""

from __future__ import annotations

import importlib.metadata
import shutil
from pathlib import Path

from pytest_kubeflow.local.kubelet.images.catalogue import LISTEN_ADDRESS, PYTHON_PATH, PythonImage
from pytest_kubeflow.local.kubelet.images.imageenvironments import PREFIX, Packages

_PROGRAM = "torch-launcher"
_LAUNCHER = Path(__file__).parent / _PROGRAM
_SAME_AS_HERE = ("torch", "numpy")


def torch_image(directory: Path) -> PythonImage:
    """The image; its own files are put below `directory`."""
    content = directory / "pytorch"
    launcher = content / _PROGRAM
    shutil.copytree(_LAUNCHER, launcher, ignore=shutil.ignore_patterns("__pycache__"))
    (launcher / "torchrun").chmod(0o755)
    return PythonImage(
        names=("pytorch/pytorch", "*/pytorch/pytorch"),
        packages=Packages(tuple(_installed())),
        directory=content,
        entrypoint=(),
        env={
            LISTEN_ADDRESS: "",
            "PATH": f"/{PREFIX}/bin:{PYTHON_PATH}",
            "PYTORCH_VERSION": "2.10.0",
        },
        user="",
        account="user",
        programs=(("torchrun", f"/{_PROGRAM}/torchrun"),),
    )


def _installed() -> list[str]:
    """What it has besides, in the releases that are installed here."""
    found = []
    for name in _SAME_AS_HERE:
        try:
            found.append(f"{name}=={importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
