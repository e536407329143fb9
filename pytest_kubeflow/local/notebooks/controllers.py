"""The controllers that the notebook controller's pod has, for a manager of controllers."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Any, Protocol

from pytest_kubeflow.local.controllers.manager import ControllerFactory
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.notebooks.controller import (
    NotebookController,
    OnChange,
    Works,
    always,
    never_changes,
)
from pytest_kubeflow.local.notebooks.culling import CullingController
from pytest_kubeflow.local.notebooks.reissuing import EventReissuer

_PRINCIPAL = "cluster.local/ns/kubeflow/sa/notebook-controller-service-account"
_SECONDS = 10.0


class Getter(Protocol):
    """Who asks Services of the mesh in somebody's name."""

    async def get(
        self, namespace: str, service: str, path: str, *, principal: str
    ) -> bytes | None: ...


def notebook_controllers(
    mesh: Getter,
    faults: Faults,
    *,
    works: Works = always,
    on_change: OnChange = never_changes,
) -> list[ControllerFactory]:
    """They work while `works()`; kernels are asked for by way of `mesh`."""

    async def ask(namespace: str, name: str, path: str) -> Any:
        try:
            async with asyncio.timeout(_SECONDS):
                body = await mesh.get(namespace, name, path, principal=_PRINCIPAL)
            return None if body is None else json.loads(body)
        except (TimeoutError, ValueError):
            return None

    return [
        partial(NotebookController, faults=faults, works=works, on_change=on_change),
        partial(EventReissuer, works=works, on_change=on_change),
        partial(CullingController, ask=ask, works=works, on_change=on_change),
    ]
