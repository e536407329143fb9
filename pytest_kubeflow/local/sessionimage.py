"""The image of sessions inside the cluster: this machine's pytest, this package and the suites.

It stands for what Containerfile makes. Packages are those that are installed beside the embedded
cluster, seen at their own paths; the package itself has the suites in it, as in a wheel, also where
it is a checkout.
"""

from __future__ import annotations

from pathlib import Path

from pytest_kubeflow.local.kubelet import ImageCatalogue

IMAGE = "pytest-kubeflow"
_PACKAGE = Path(__file__).resolve().parents[1]
_PYTHON = "/run/kubelet/python3"
_USER = "65532"


def add_session_image(catalogue: ImageCatalogue, directory: Path) -> None:
    """Make the image below `directory` and register it."""
    content = directory / IMAGE
    package = content / _PACKAGE.name
    package.mkdir(parents=True)
    for part in _PACKAGE.iterdir():
        if part.name != "__pycache__":
            (package / part.name).symlink_to(part)
    suites = package / "suites"
    if not suites.exists() and (beside := _PACKAGE.parent / "suites").is_dir():
        suites.symlink_to(beside)
    catalogue.register(
        IMAGE,
        content,
        entrypoint=(_PYTHON, "-m", "pytest_kubeflow.command"),
        packages={"pytest": "pytest", "pytest_kubeflow": "pytest-kubeflow"},
        user=_USER,
    )
