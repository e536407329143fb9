"""The image of sessions inside the cluster: this machine's pytest, this package and the suites.

It stands for what Containerfile makes. Packages are those that are installed beside the embedded
cluster; the package itself has the suites in it, as in a wheel, also where it is a checkout.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from pytest_kubeflow.local.kubelet import PACKAGES, ImageCatalogue

IMAGE = "pytest-kubeflow"
_PACKAGE = Path(__file__).resolve().parents[1]
_PYTHON = "/run/kubelet/python3"
_USER = "65532"


def add_session_image(catalogue: ImageCatalogue, directory: Path) -> None:
    """Make the image below `directory` and register it."""
    content = directory / IMAGE
    package = content / _PACKAGE.name
    package.mkdir(parents=True)
    inside = PurePosixPath(PACKAGES, "0", _PACKAGE.name)
    for part in _PACKAGE.iterdir():
        if part.name != "__pycache__":
            (package / part.name).symlink_to(inside / part.name)
    if not (_PACKAGE / "suites").exists() and (_PACKAGE.parent / "suites").is_dir():
        (package / "suites").symlink_to(inside.parent / "suites")
    catalogue.register(
        IMAGE,
        content,
        entrypoint=(_PYTHON, "-m", "pytest_kubeflow.command"),
        # The first of these is that of the links above.
        packages={"pytest_kubeflow": "pytest-kubeflow", "pytest": "pytest"},
        user=_USER,
    )
