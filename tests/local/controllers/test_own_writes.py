"""What a controller has replaced is not reconciled again from an informer that is behind."""

from __future__ import annotations

import asyncio
from typing import Any

from pytest_kubeflow.local.controllers.ownwrites import OwnWrites
from pytest_kubeflow.local.kube import KubeClient
from pytest_kubeflow.local.kube.kubeconfig import load_kubeconfig
from pytest_kubeflow.local.kube.resources import CONFIG_MAPS
from tests.local.controllers.conftest import ControlPlane


def test_what_is_replaced_is_outdated_until_the_newer_is_seen(
    plane: ControlPlane, core: Any, namespace: str
) -> None:
    assert core is not None

    async def check() -> None:
        async with KubeClient(load_kubeconfig(plane.kubeconfig)) as client:
            writes = OwnWrites(client)
            metadata = {"name": "written", "namespace": namespace}
            first = await client.create(CONFIG_MAPS, {"metadata": metadata, "data": {"a": "1"}})
            assert not writes.outdated(first)
            second = await writes.replace(CONFIG_MAPS, {**first, "data": {"a": "2"}})
            assert writes.outdated(first)
            assert not writes.outdated(second)
            # Of what changes nothing there is no newer version that would come.
            same = await writes.replace(CONFIG_MAPS, second)
            assert same["metadata"]["resourceVersion"] == second["metadata"]["resourceVersion"]
            assert not writes.outdated(second)

    asyncio.run(check())
