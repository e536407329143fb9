"""A controller lets go what is its own by then, and not what another one has taken meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pytest_kubeflow.local.controllers.adoption import Adoption
from pytest_kubeflow.local.kube import Informer, KubeClient, Resource
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.kubeconfig import load_kubeconfig
from pytest_kubeflow.local.kube.resources import CONFIG_MAPS
from tests.local.controllers.conftest import ControlPlane


def owner(uid: str, namespace: str) -> Object:
    return {
        "apiVersion": "example.com/v1",
        "kind": "Owner",
        "metadata": {"name": uid, "namespace": namespace, "uid": uid},
        "spec": {"selector": {"matchLabels": {"of": uid}}},
    }


def reference(uid: str) -> Object:
    kind = {"apiVersion": "example.com/v1", "kind": "Owner", "name": uid, "uid": uid}
    return {**kind, "controller": True}


class Taken(KubeClient):
    """While something is listed, another owner takes it, where that is to be so."""

    informer: Informer
    taken = False

    async def list(self, resource: Resource, *asked: Any, **options: Any) -> Object:
        found = await super().list(resource, *asked, **options)
        if self.taken and options.get("label_selector"):
            namespace = asked[0]
            change = {"metadata": {"ownerReferences": [reference("second")]}}
            await self.patch(CONFIG_MAPS, "one", change, namespace=namespace)
            seen = asyncio.Event()
            self.informer.on_change(
                lambda _, obj: seen.set() if _controller(obj) == "second" else None
            )
            async with asyncio.timeout(20):
                await seen.wait()
        return found


def _controller(obj: Object) -> str:
    references = obj["metadata"].get("ownerReferences") or [{}]
    return str(references[0].get("uid", ""))


@pytest.mark.parametrize("taken", [False, True])
def test_what_another_one_took_meanwhile_is_not_released(
    plane: ControlPlane, namespace: str, taken: bool
) -> None:
    async def check() -> None:
        async with Taken(load_kubeconfig(plane.kubeconfig)) as client:
            metadata = {
                "name": "one",
                "namespace": namespace,
                "labels": {"of": "nobody"},
                "ownerReferences": [reference("first")],
            }
            await client.create(CONFIG_MAPS, {"metadata": metadata})
            client.informer = informer = Informer(client, CONFIG_MAPS, namespace)
            running = asyncio.create_task(informer.run())
            await informer.synced.wait()
            first = owner("first", namespace)
            client.taken = taken
            adoption = Adoption(
                client, CONFIG_MAPS, first, known=lambda: informer.controlled_by(first)
            )
            assert await adoption.claim() == []
            found = await client.get(CONFIG_MAPS, "one", namespace)
            assert _controller(found) == ("second" if taken else "")
            running.cancel()
            await asyncio.wait([running])

    asyncio.run(check())
