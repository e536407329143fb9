"""The image of notebooks: JupyterLab, Notebook and a kernel, with Kubeflow's SDKs.

What the images of Kubeflow's notebook servers set and do: components/example-notebook-servers of
kubeflow/notebooks 1.11 (base and jupyter).
"""

from __future__ import annotations

import importlib.metadata
import shutil
from pathlib import Path

from pytest_kubeflow.local.kubelet.images.catalogue import LISTEN_ADDRESS, PYTHON_PATH, PythonImage
from pytest_kubeflow.local.kubelet.images.imageenvironments import PREFIX, Packages

HOME = "/home/jovyan"
_USER, _UID, _GROUP = "jovyan", "1000", "100"
_SERVER = Path(__file__).parent / "server"
_JUPYTER = ("jupyterlab>=4.4,<5", "notebook>=7.4,<8", "ipykernel>=6.30")
_SAME_AS_HERE = ("kfp", "kfp-kubernetes", "kubernetes", "kserve", "minio", "scikit-learn")
# A grammar that jsonschema builds at each start, for a format that nobody here checks: 1 to 3 s.
_WITHOUT = ("rfc3987-syntax",)
_NOT_EMULATED = (
    "of Kubeflow's notebook servers this node emulates jupyter and jupyter-scipy alone; {} is not"
)
_OTHERS = {
    "*/notebook-servers/jupyter-*": "an image with a framework for GPUs",
    "kubeflownotebookswg/jupyter-*": "an image with a framework for GPUs",
    "*codeserver*": "code-server",
    "*rstudio*": "RStudio",
}


def notebook_image(directory: Path) -> PythonImage:
    """The image; its own files are put below `directory`."""
    content = directory / "notebook-server"
    shutil.copytree(_SERVER, content, ignore=shutil.ignore_patterns("__pycache__"))
    return PythonImage(
        names=(
            "*/notebook-servers/jupyter",
            "kubeflownotebookswg/jupyter",
            "*jupyter-scipy",
        ),
        packages=Packages((*_JUPYTER, *_installed()), _WITHOUT, (int(_UID), int(_GROUP))),
        directory=content,
        entrypoint=("/notebook-server/start",),
        env={
            "CONDA_DIR": f"/{PREFIX}",
            "HOME": HOME,
            LISTEN_ADDRESS: "",
            "HOME_TMP": f"/tmp_home/{_USER}",  # noqa: S108 a part of the image
            "NB_GID": "0",
            "NB_PREFIX": "/",
            "NB_UID": _UID,
            "NB_USER": _USER,
            "PATH": f"/{PREFIX}/bin:{PYTHON_PATH}",
            "SHELL": "/bin/bash",
            "USERS_GID": _GROUP,
        },
        user=f"{_UID}:{_GROUP}",
        account=_USER,
        home=HOME,
        refused={pattern: _NOT_EMULATED.format(what) for pattern, what in _OTHERS.items()},
    )


def _installed() -> list[str]:
    """What a notebook has besides, in the releases that are installed here."""
    found = []
    for name in _SAME_AS_HERE:
        try:
            found.append(f"{name}=={importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
