"""Services and VirtualServices of an object's own, kept as the notebook controllers keep theirs.

Rules: components/common/reconcilehelper/util.go of kubeflow/notebooks 1.11.
"""

from __future__ import annotations

from pytest_kubeflow.local.kube import Informer, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import SERVICES, VIRTUAL_SERVICES

_NOT_KEPT = ("labels", "annotations")


async def keep_service(client: KubeClient, known: Informer, wanted: Object) -> None:
    """Make it, or give the one that is called so selector and ports: nobody asks whose it is."""
    found = _found(known, wanted)
    if found is None:
        await client.create(SERVICES, wanted)
        return
    metadata, spec, ours = found["metadata"], found["spec"], wanted["spec"]
    same = (
        not metadata.get("labels")
        and not metadata.get("annotations")
        and spec.get("selector") == ours["selector"]
        and _same_ports(spec.get("ports") or [], ours["ports"])
    )
    if same:
        return
    kept = {key: value for key, value in metadata.items() if key not in _NOT_KEPT}
    changed = {**spec, "selector": ours["selector"], "ports": ours["ports"]}
    await client.replace(SERVICES, {**found, "metadata": kept, "spec": changed})


async def keep_virtual_service(client: KubeClient, known: Informer, wanted: Object) -> None:
    """Make it, or give the one that is called so this spec."""
    found = _found(known, wanted)
    if found is None:
        await client.create(VIRTUAL_SERVICES, wanted)
    elif found.get("spec") != wanted["spec"]:
        await client.replace(VIRTUAL_SERVICES, {**found, "spec": wanted["spec"]})


def _found(known: Informer, wanted: Object) -> Object | None:
    metadata = wanted["metadata"]
    return known.get(metadata["name"], metadata["namespace"])


def _same_ports(found: list[Object], wanted: list[Object]) -> bool:
    return len(found) == len(wanted) and all(
        theirs.get(key) == value
        for theirs, ours in zip(found, wanted, strict=True)
        for key, value in ours.items()
    )
