"""Images of KServe, for the kubelet's catalogue: the programs of this room."""

from __future__ import annotations

import shutil
from pathlib import Path

from pytest_kubeflow.local.kubelet import ImageCatalogue
from pytest_kubeflow.local.kubelet.images.catalogue import LISTEN_ADDRESS

STORAGE_INITIALIZER = "kserve/storage-initializer:v0.21.0"
_HERE = Path(__file__).parent
_LOCAL = _HERE.parent
_PYTHON = "/run/kubelet/python3"
# What sklearnserver imports, by the names under which it is installed.
_PACKAGES = {"kserve": "kserve", "sklearn": "scikit-learn", "joblib": "joblib"}
# The initializer's parts keep their full names. The packages above them are left out, so that
# nothing else of this project is imported with them.
_INITIALIZER_PARTS = ("serving/initializer/*.py", "pipelines/launcher/*.py")
_RUN_INITIALIZER = (
    "import sys; sys.path.insert(0, '/app'); sys.dont_write_bytecode = True; "
    "from pytest_kubeflow.local.serving.initializer.__main__ import main; "
    "sys.exit(main(sys.argv[1:]))"
)


def add_images(catalogue: ImageCatalogue, directory: Path) -> None:
    """Make the images below `directory` and register them."""
    server = directory / "sklearnserver"
    _copy(_HERE, "sklearnserver/*.py", server)
    catalogue.register(
        "kserve/sklearnserver",
        server,
        entrypoint=(_PYTHON, "-m", "sklearnserver"),
        packages=_PACKAGES,
        env={LISTEN_ADDRESS: ""},
    )
    initializer = directory / "storage-initializer"
    for part in _INITIALIZER_PARTS:
        _copy(_LOCAL, part, initializer / "app/pytest_kubeflow/local")
    catalogue.register(
        "kserve/storage-initializer",
        initializer,
        entrypoint=(_PYTHON, "-IS", "-c", _RUN_INITIALIZER),
    )


def _copy(source: Path, pattern: str, target: Path) -> None:
    # Without bytecode: to compile it takes longer than a cluster may take to start, and a model
    # server loads for seconds anyway.
    for file in source.glob(pattern):
        copy = target / file.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
