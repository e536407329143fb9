"""The notebooks that tests make."""

from __future__ import annotations

from pytest_kubeflow.config import parsers as p
from pytest_kubeflow.config.setting import Option

OPTIONS = (
    Option(
        "notebook_image",
        "notebooks.image",
        p.TEXT,
        "The image of notebooks, which must start a Jupyter server at $NB_PREFIX; without it, the "
        "one that the form of Kubeflow's web app begins with.",
        metavar="IMAGE",
    ),
)
