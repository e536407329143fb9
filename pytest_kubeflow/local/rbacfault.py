"""The fault `rbac-open`: a ClusterRoleBinding that gives every known user all rights.

It is a mistake that people make on real clusters, and nothing but an object of the API.
"""

from __future__ import annotations

import asyncio

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.resources import CLUSTER_ROLE_BINDINGS

_NAME = "fault-rbac-open"
_GROUP = "rbac.authorization.k8s.io"


class RbacFault:
    """Makes the binding while the fault is on, from `start` to `stop`."""

    def __init__(self, client: KubeClient, faults: Faults) -> None:
        self._client = client
        self._faults = faults
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        faults.on_change(self._changed.set)

    async def start(self) -> None:
        self._task = asyncio.create_task(self._follow(), name="rbac-fault")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _follow(self) -> None:
        there = False
        while True:
            self._changed.clear()
            if self._faults.active("rbac-open") != there:
                there = not there
                await (self._open() if there else self._close())
            await self._changed.wait()

    async def _open(self) -> None:
        role = {"apiGroup": _GROUP, "kind": "ClusterRole", "name": "cluster-admin"}
        subject = {"apiGroup": _GROUP, "kind": "Group", "name": "system:authenticated"}
        await self._client.create(
            CLUSTER_ROLE_BINDINGS,
            {"metadata": {"name": _NAME}, "roleRef": role, "subjects": [subject]},
        )

    async def _close(self) -> None:
        try:
            await self._client.delete(CLUSTER_ROLE_BINDINGS, _NAME)
        except ApiError as error:
            if not error.not_found:
                raise
