"""The image that gives a kubectl to launchers of MPIJobs.

That of the operator copies kubectl 1.30 into a volume. This one copies a program of ours, which has
`exec` alone and is one file: an archive of Python modules, with `websockets` among them.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import websockets

from pytest_kubeflow.local.kubelet import ImageCatalogue

_PROGRAM = Path(__file__).parent / "kubectl" / "__main__.py"
_NAME = "kubectl-delivery"
_LEFT_OUT = {"asyncio", "legacy"}
# That of the node, which every container has.
_SHEBANG = b"#!/run/kubelet/python3 -IS\n"


def add_delivery_image(catalogue: ImageCatalogue, directory: Path) -> None:
    """Make the image below `directory` and register it."""
    content = directory / _NAME
    (content / _NAME).mkdir(parents=True)
    kubectl = content / _NAME / "kubectl"
    kubectl.write_bytes(_SHEBANG)
    # With bytecode: the archive cannot keep any that is made later.
    with zipfile.PyZipFile(str(kubectl), "a") as archive:
        archive.writepy(str(_PROGRAM))
        package = str(Path(websockets.__file__).parent)
        archive.writepy(package, filterfunc=lambda path: Path(path).name not in _LEFT_OUT)
    kubectl.chmod(0o755)
    catalogue.register(
        "ghcr.io/kubeflow/training-v1/kubectl-delivery",
        content,
        entrypoint=("/bin/sh", "-c", f"cp /{_NAME}/kubectl /opt/kube/kubectl"),
    )
