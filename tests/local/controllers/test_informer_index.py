"""What an informer says that a controller has is what a list says."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_kubeflow.local.controllers.owners import controlled
from pytest_kubeflow.local.kube import ApiError, Informer, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.informer import Key, key_of
from pytest_kubeflow.local.kube.kubeconfig import load_kubeconfig
from pytest_kubeflow.local.kube.resources import CONFIG_MAPS
from tests.local.controllers.conftest import ControlPlane

# Without blockOwnerDeletion nobody asks whether there are such owners, and nothing collects these.
OWNERS = [
    {"apiVersion": "example.com/v1", "kind": "Owner", "name": uid, "uid": uid}
    for uid in ("first", "second")
]
references = st.sampled_from(
    [
        [],
        [OWNERS[0]],
        [{**OWNERS[0], "controller": True}],
        [OWNERS[0], {**OWNERS[1], "controller": True}],
        [{**OWNERS[1], "controller": True}],
    ]
)
steps = st.lists(st.tuples(st.sampled_from("abc"), st.none() | references), max_size=12)


async def _do(client: KubeClient, namespace: str, name: str, owners: list[Object] | None) -> None:
    """Make, change or delete a ConfigMap."""
    if owners is None:
        with suppress(ApiError):
            await client.delete(CONFIG_MAPS, name, namespace)
        return
    obj = {"metadata": {"name": name, "namespace": namespace, "ownerReferences": owners}}
    try:
        await client.create(CONFIG_MAPS, obj)
    except ApiError as error:
        if error.reason != "AlreadyExists":
            raise
        await client.replace(CONFIG_MAPS, obj)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(before=steps, after=steps)
def test_the_index_of_controllers_is_that_of_a_list(
    plane: ControlPlane,
    namespace: str,
    before: list[tuple[str, list[Object] | None]],
    after: list[tuple[str, list[Object] | None]],
) -> None:
    async def check() -> None:
        async with KubeClient(load_kubeconfig(plane.kubeconfig)) as client:
            for name, owners in before:
                await _do(client, namespace, name, owners)
            informer = Informer(client, CONFIG_MAPS, namespace)
            changed = asyncio.Event()
            informer.on_change(lambda *_: changed.set())
            running = asyncio.create_task(informer.run())
            await informer.synced.wait()
            for name, owners in after:
                await _do(client, namespace, name, owners)
            listed = (await client.list(CONFIG_MAPS, namespace))["items"]
            async with asyncio.timeout(20):
                while _versions(informer.objects.values()) != _versions(listed):
                    changed.clear()
                    await changed.wait()
            for owner in OWNERS:
                parent = {"metadata": {"uid": owner["uid"]}}
                wanted = {key_of(one) for one in controlled(listed, parent)}
                assert {key_of(one) for one in informer.controlled_by(parent)} == wanted
            # Of owners that have none nothing is kept.
            assert all(informer._controllers._objects.values())
            running.cancel()
            await asyncio.wait([running])

    asyncio.run(check())


def _versions(objects: Iterable[Object]) -> dict[Key, str]:
    return {key_of(one): one["metadata"]["resourceVersion"] for one in objects}
