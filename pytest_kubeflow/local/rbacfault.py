"""Faults that are rights: ClusterRoleBindings by which every known user may do what he should not.

They are mistakes that people make on real clusters, and nothing but objects of the API.
"""

from __future__ import annotations

import asyncio

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES

_GROUP = "rbac.authorization.k8s.io"
_FAULTS: dict[str, Object] = {
    "rbac-open": {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
    "training-open": {
        "apiGroups": ["trainer.kubeflow.org"],
        "resources": ["trainjobs"],
        "verbs": ["*"],
    },
}


class RbacFault:
    """Makes role and binding while one of these faults is on, from `start` to `stop`.

    On an API server that has `kept` its objects, those of an earlier start are there.
    """

    def __init__(self, client: KubeClient, faults: Faults, *, kept: bool = False) -> None:
        self._client = client
        self._kept = kept
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
        there: set[str] = set()
        if self._kept:
            for name in _FAULTS:
                await self._close(name)
        while True:
            self._changed.clear()
            for name in _FAULTS:
                if self._faults.active(name) != (name in there):
                    there ^= {name}
                    await (self._open(name) if name in there else self._close(name))
            await self._changed.wait()

    async def _open(self, name: str) -> None:
        metadata = {"name": f"fault-{name}"}
        role = {"apiGroup": _GROUP, "kind": "ClusterRole", "name": metadata["name"]}
        subject = {"apiGroup": _GROUP, "kind": "Group", "name": "system:authenticated"}
        await self._client.create(CLUSTER_ROLES, {"metadata": metadata, "rules": [_FAULTS[name]]})
        await self._client.create(
            CLUSTER_ROLE_BINDINGS, {"metadata": metadata, "roleRef": role, "subjects": [subject]}
        )

    async def _close(self, name: str) -> None:
        for resource in (CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES):
            try:
                await self._client.delete(resource, f"fault-{name}")
            except ApiError as error:
                if not error.not_found:
                    raise
