"""The image of viewers, for the kubelet's catalogue."""

from __future__ import annotations

import shutil
from pathlib import Path

from pytest_kubeflow.local.kubelet import ImageCatalogue
from pytest_kubeflow.local.kubelet.images.catalogue import LISTEN_ADDRESS

_PROGRAM = Path(__file__).parent / "filebrowser" / "filebrowser.py"
_PYTHON = "/run/kubelet/python3"


def add_viewer_image(catalogue: ImageCatalogue, directory: Path) -> None:
    """Make the image below `directory` and register it."""
    content = directory / "filebrowser"
    content.mkdir(parents=True)
    shutil.copyfile(_PROGRAM, content / "filebrowser.py")
    catalogue.register(
        "filebrowser/filebrowser",
        content,
        entrypoint=(_PYTHON, "-IS", "/filebrowser.py"),
        env={LISTEN_ADDRESS: ""},
    )
