"""The web app's list has each notebook, and a notebook is deleted without its data."""

from collections.abc import Iterator

import pytest

from pytest_kubeflow import (
    JupyterWebApp,
    KubernetesClient,
    NotFound,
    Notebook,
    NotebookCreator,
    ServerRefused,
)
