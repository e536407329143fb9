"""The image of TensorBoards: TensorBoard itself, without TensorFlow.

What the controller asks of it: /usr/local/bin/tensorboard with --logdir and --bind_all
(components/tensorboard-controller of kubeflow/notebooks 1.11).
"""

from __future__ import annotations

import shutil
from pathlib import Path

from pytest_kubeflow.local.kubelet.images.catalogue import LISTEN_ADDRESS, PythonImage
from pytest_kubeflow.local.kubelet.images.imageenvironments import Packages

_SERVER = Path(__file__).parent / "server"
_TENSORBOARD = ("tensorboard>=2.19,<3",)
# A server of its own for the files, at a port of the machine that asks nobody who he is. Where it
# is missing, TensorBoard reads them itself.
_WITHOUT = ("tensorboard-data-server",)


def tensorboard_image(directory: Path) -> PythonImage:
    """The image; its own files are put below `directory`."""
    content = directory / "tensorboard-server"
    shutil.copytree(_SERVER, content)
    return PythonImage(
        names=("tensorflow/tensorflow", "*/tensorflow/tensorflow"),
        packages=Packages(_TENSORBOARD, _WITHOUT),
        directory=content,
        entrypoint=(),
        env={LISTEN_ADDRESS: ""},
        user="",
        account="user",
        programs=(("tensorboard", "/tensorboard-server/start"),),
    )
