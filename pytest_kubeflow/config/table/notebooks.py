"""The notebooks that tests make."""

from __future__ import annotations

from pytest_kubeflow.config import parsers as p
from pytest_kubeflow.config.setting import Option

OPTIONS = (
    Option(
        "notebook_image",
        "notebooks.image",
        p.TEXT,
        "The image of notebooks; it must start a Jupyter server at $NB_PREFIX. Default: the "
        "default image of the form in Kubeflow's web app.",
        metavar="IMAGE",
    ),
)
