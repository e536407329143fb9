"""ModelRegistry: the registry of a cluster of our own, its database and its API."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.model_registry.api import RegistryApi
from pytest_kubeflow.local.model_registry.records import Records

_FILE = "model-registry.db"


class ModelRegistry:
    """What it holds is kept in the folder `data`, or is gone at the end."""

    def __init__(self, data: Path | None, faults: Faults) -> None:
        if data is not None:
            data.mkdir(parents=True, exist_ok=True)
        self._records = Records(":memory:" if data is None else data / _FILE)
        self.app: Starlette = RegistryApi(self._records, faults).app

    def close(self) -> None:
        self._records.close()
