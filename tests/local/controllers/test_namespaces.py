from __future__ import annotations

import asyncio
from typing import Any

import pytest
from kubernetes.client.exceptions import ApiException

from pytest_kubeflow.local.controllers.controller import Informers
from pytest_kubeflow.local.controllers.namespace import NamespaceController
from pytest_kubeflow.local.kube import KubeClient
from pytest_kubeflow.local.kube.kubeconfig import load_kubeconfig
from tests.local.controllers.conftest import ControlPlane, Eventually


def gone(read: Any, *arguments: str) -> bool:
    try:
        read(*arguments)
    except ApiException as error:
        return bool(error.status == 404)
    return False


def test_namespaces_get_an_account_and_the_authority(
    core: Any, namespace: str, eventually: Eventually
) -> None:
    account = core.read_namespaced_service_account("default", namespace)
    assert account.metadata.uid
    config = eventually(lambda: core.list_namespaced_config_map(namespace).items)[0]
    assert config.metadata.name == "kube-root-ca.crt"
    assert "BEGIN CERTIFICATE" in config.data["ca.crt"]


def test_the_account_and_the_authority_come_back(
    core: Any, namespace: str, eventually: Eventually
) -> None:
    account = core.read_namespaced_service_account("default", namespace).metadata.uid
    core.delete_namespaced_service_account("default", namespace)
    core.delete_namespaced_config_map("kube-root-ca.crt", namespace)

    def new() -> bool:
        accounts = core.list_namespaced_service_account(namespace).items
        return any(one.metadata.name == "default" for one in accounts) and bool(
            core.list_namespaced_config_map(namespace).items
        )

    eventually(new)
    assert core.read_namespaced_service_account("default", namespace).metadata.uid != account


def test_a_new_namespace_of_an_old_name_keeps_what_it_has(
    core: Any, plane: ControlPlane, namespace: str
) -> None:
    """Whoever empties the old one may hear late that it is gone."""
    core.create_namespaced_config_map(namespace, {"metadata": {"name": "c"}})
    metadata = {"name": namespace, "uid": "old", "deletionTimestamp": "2026-01-01T00:00:00Z"}

    async def reconcile() -> None:
        async with KubeClient(load_kubeconfig(plane.kubeconfig)) as client:
            informers = Informers(client)
            controller = NamespaceController(client, informers)
            controller.namespaces.objects["", namespace] = {"metadata": metadata}
            await controller.reconcile(("", namespace))
            await informers.stop()

    asyncio.run(reconcile())
    assert core.read_namespaced_config_map("c", namespace)
    assert core.read_namespace(namespace).spec.finalizers


def test_a_deleted_namespace_goes_with_all_that_it_holds(
    core: Any, namespace: str, eventually: Eventually
) -> None:
    core.create_namespaced_config_map(namespace, {"metadata": {"name": "c"}})
    core.create_namespaced_secret(namespace, {"metadata": {"name": "s"}})
    core.delete_namespace(namespace)
    eventually(lambda: gone(core.read_namespace, namespace))
    assert core.list_namespaced_config_map(namespace).items == []


def test_a_finalizer_holds_its_namespace_back(
    core: Any, namespace: str, eventually: Eventually
) -> None:
    metadata = {"name": "c", "finalizers": ["example.com/hold"]}
    core.create_namespaced_config_map(namespace, {"metadata": metadata})
    core.delete_namespace(namespace)
    eventually(lambda: not core.list_namespaced_service_account(namespace).items)
    assert core.read_namespace(namespace).status.phase == "Terminating"
    core.patch_namespaced_config_map("c", namespace, {"metadata": {"finalizers": None}})
    eventually(lambda: gone(core.read_namespace, namespace))


@pytest.mark.parametrize("propagation", ["Background", "Foreground"])
def test_owned_objects_go_with_their_owner(
    core: Any, namespace: str, eventually: Eventually, propagation: str
) -> None:
    owner = core.create_namespaced_config_map(namespace, {"metadata": {"name": "owner"}})
    reference = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": "owner",
        "uid": owner.metadata.uid,
        "blockOwnerDeletion": True,
    }
    for name in ("one", "two"):
        metadata = {"name": name, "ownerReferences": [reference]}
        core.create_namespaced_secret(namespace, {"metadata": metadata})
    core.delete_namespaced_config_map("owner", namespace, propagation_policy=propagation)
    eventually(lambda: not core.list_namespaced_secret(namespace).items)
    eventually(lambda: gone(core.read_namespaced_config_map, "owner", namespace))


def test_orphans_stay(core: Any, namespace: str, eventually: Eventually) -> None:
    owner = core.create_namespaced_config_map(namespace, {"metadata": {"name": "owner"}})
    reference = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": "owner",
        "uid": owner.metadata.uid,
    }
    metadata = {"name": "one", "ownerReferences": [reference]}
    core.create_namespaced_secret(namespace, {"metadata": metadata})
    core.delete_namespaced_config_map("owner", namespace, propagation_policy="Orphan")
    eventually(lambda: gone(core.read_namespaced_config_map, "owner", namespace))
    assert not core.read_namespaced_secret("one", namespace).metadata.owner_references


def test_an_object_whose_owner_never_was_is_collected(
    core: Any, namespace: str, eventually: Eventually
) -> None:
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "ghost", "uid": "no-such-uid"}
    metadata = {"name": "one", "ownerReferences": [reference]}
    core.create_namespaced_secret(namespace, {"metadata": metadata})
    eventually(lambda: gone(core.read_namespaced_secret, "one", namespace))


def test_kinds_of_older_versions_are_seen_too(
    core: Any, namespace: str, eventually: Eventually
) -> None:
    """The group's preferred version has Profiles, and not this kind."""
    from kubernetes import client

    definition = {
        "metadata": {"name": "gadgets.kubeflow.org"},
        "spec": {
            "group": "kubeflow.org",
            "scope": "Namespaced",
            "names": {"kind": "Gadget", "plural": "gadgets"},
            "versions": [
                {
                    "name": "v1alpha1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object"}},
                }
            ],
        },
    }
    extensions = client.ApiextensionsV1Api(core.api_client)
    custom = client.CustomObjectsApi(core.api_client)
    extensions.create_custom_resource_definition(definition)
    try:
        where = ("kubeflow.org", "v1alpha1", namespace, "gadgets")
        body = {"apiVersion": "kubeflow.org/v1alpha1", "kind": "Gadget"}
        owner = custom.create_namespaced_custom_object(*where, {**body, "metadata": {"name": "g"}})
        reference = {**body, "name": "g", "uid": owner["metadata"]["uid"]}
        metadata = {"name": "dependent", "ownerReferences": [reference]}
        core.create_namespaced_config_map(namespace, {"metadata": metadata})
        custom.delete_namespaced_custom_object(*where, "g")
        eventually(lambda: gone(core.read_namespaced_config_map, "dependent", namespace))
        custom.create_namespaced_custom_object(*where, {**body, "metadata": {"name": "left"}})
        core.delete_namespace(namespace)
        eventually(lambda: gone(core.read_namespace, namespace))
        assert custom.list_cluster_custom_object(*where[:2], where[3])["items"] == []
    finally:
        extensions.delete_custom_resource_definition("gadgets.kubeflow.org")
