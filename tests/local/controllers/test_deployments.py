"""Deployments, ReplicaSets and Endpoints; the test plays the kubelet."""

from __future__ import annotations

import json
from typing import Any

import pytest
from kubernetes.client import ApiException

from tests.local.controllers.conftest import NODE, Eventually


def deployment(name: str, image: str = "a:1", replicas: int = 1) -> dict[str, Any]:
    labels = {"app": name}
    container = {"name": "main", "image": image, "ports": [{"name": "web", "containerPort": 8080}]}
    return {
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def apps_of(core: Any) -> Any:
    from kubernetes import client

    return client.AppsV1Api(core.api_client)


def pods_of(core: Any, namespace: str, name: str) -> list[Any]:
    listed = core.list_namespaced_pod(namespace, label_selector=f"app={name}").items
    return [one for one in listed if one.metadata.deletion_timestamp is None]


def report(core: Any, pod: Any, address: str, *, ready: bool = True) -> None:
    status = "True" if ready else "False"
    core.patch_namespaced_pod_status(
        pod.metadata.name,
        pod.metadata.namespace,
        {
            "status": {
                "phase": "Running",
                "podIP": address,
                "conditions": [{"type": "Ready", "status": status}],
            }
        },
    )


def condition(apps: Any, namespace: str, name: str, kind: str) -> tuple[str, str]:
    status = apps.read_namespaced_deployment_status(name, namespace).status
    found = (status.conditions if status else None) or []
    one = next((one for one in found if one.type == kind), None)
    return (one.status, one.reason) if one else ("", "")


def test_a_deployment_rolls_over_when_the_new_pod_is_ready(
    core: Any, namespace: str, eventually: Eventually
) -> None:
    apps = apps_of(core)
    apps.create_namespaced_deployment(namespace, deployment("d"))
    (pod,) = eventually(lambda: pods_of(core, namespace, "d"))
    assert pod.metadata.owner_references[0].kind == "ReplicaSet"
    unavailable = ("False", "MinimumReplicasUnavailable")
    eventually(lambda: condition(apps, namespace, "d", "Available") == unavailable)
    eventually(
        lambda: core.read_namespaced_pod(pod.metadata.name, namespace).spec.node_name == NODE
    )
    report(core, pod, "127.1.1.1")
    complete = ("True", "NewReplicaSetAvailable")
    eventually(lambda: condition(apps, namespace, "d", "Progressing") == complete)
    assert condition(apps, namespace, "d", "Available") == ("True", "MinimumReplicasAvailable")

    change = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "a:2"}]}}}}
    apps.patch_namespaced_deployment("d", namespace, change)
    eventually(lambda: len(pods_of(core, namespace, "d")) == 2)
    assert condition(apps, namespace, "d", "Available")[0] == "True"
    assert condition(apps, namespace, "d", "Progressing")[1] != "NewReplicaSetAvailable"
    (new,) = [one for one in pods_of(core, namespace, "d") if one.spec.containers[0].image == "a:2"]
    report(core, new, "127.1.1.2")
    eventually(
        lambda: [one.metadata.name for one in pods_of(core, namespace, "d")] == [new.metadata.name]
    )
    eventually(lambda: condition(apps, namespace, "d", "Progressing") == complete)
    sets = apps.list_namespaced_replica_set(namespace).items
    key = "deployment.kubernetes.io/revision"
    assert sorted(one.metadata.annotations[key] for one in sets) == ["1", "2"]
    status = apps.read_namespaced_deployment_status("d", namespace)
    assert status.status.observed_generation == status.metadata.generation


def test_a_deployment_is_scaled(core: Any, namespace: str, eventually: Eventually) -> None:
    apps = apps_of(core)
    apps.create_namespaced_deployment(namespace, deployment("s", replicas=2))
    eventually(lambda: len(pods_of(core, namespace, "s")) == 2)
    first, second = pods_of(core, namespace, "s")
    report(core, first, "127.1.1.1")
    eventually(
        lambda: apps.read_namespaced_deployment_status("s", namespace).status.ready_replicas == 1
    )
    apps.patch_namespaced_deployment_scale("s", namespace, {"spec": {"replicas": 1}})
    # The one that serves stays.
    eventually(
        lambda: (
            [one.metadata.name for one in pods_of(core, namespace, "s")] == [first.metadata.name]
        )
    )
    core.delete_namespaced_pod(first.metadata.name, namespace, grace_period_seconds=0)
    eventually(lambda: pods_of(core, namespace, "s"))
    assert pods_of(core, namespace, "s")[0].metadata.name not in {
        first.metadata.name,
        second.metadata.name,
    }


def test_pods_that_the_api_refuses_are_told(
    core: Any, namespace: str, eventually: Eventually
) -> None:
    apps = apps_of(core)
    wrong = deployment("w")
    wrong["spec"]["template"]["spec"]["serviceAccountName"] = "nobody"
    apps.create_namespaced_deployment(namespace, wrong)
    eventually(
        lambda: condition(apps, namespace, "w", "ReplicaFailure") == ("True", "FailedCreate")
    )
    events = core.list_namespaced_event(namespace).items
    assert any(e.reason == "FailedCreate" and "nobody" in e.message for e in events)


def test_a_service_leads_to_its_ready_pods(
    core: Any, namespace: str, eventually: Eventually
) -> None:
    apps = apps_of(core)
    apps.create_namespaced_deployment(namespace, deployment("e", replicas=2))
    ports = [{"name": "http", "port": 80, "targetPort": "web"}]
    service = {"metadata": {"name": "e"}, "spec": {"selector": {"app": "e"}, "ports": ports}}
    core.create_namespaced_service(namespace, service)
    eventually(lambda: len(pods_of(core, namespace, "e")) == 2)
    first, second = pods_of(core, namespace, "e")
    report(core, first, "127.1.1.1")
    report(core, second, "127.1.1.2", ready=False)

    def addresses(field: str) -> list[tuple[str, int, str]]:
        subsets = core.read_namespaced_endpoints("e", namespace).subsets or []
        return [
            (one.ip, subset.ports[0].port, one.target_ref.name)
            for subset in subsets
            for one in getattr(subset, field) or []
        ]

    there = ("127.1.1.1", 8080, first.metadata.name)
    eventually(lambda: addresses("addresses") == [there])
    eventually(
        lambda: addresses("not_ready_addresses") == [("127.1.1.2", 8080, second.metadata.name)]
    )
    core.delete_namespaced_pod(first.metadata.name, namespace)
    eventually(lambda: addresses("addresses") == [])
    core.delete_namespaced_service("e", namespace)
    eventually(lambda: "e" not in endpoints_names(core, namespace))


def endpoints_names(core: Any, namespace: str) -> set[str]:
    return {one.metadata.name for one in core.list_namespaced_endpoints(namespace).items}


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        (None, ["spec.selector: Required value", "spec.template.spec.containers: Required value"]),
        (
            {**deployment("e")["spec"], "selector": {"matchLabels": {"app": "other"}}},
            [
                'spec.template.metadata.labels: Invalid value: {"app":"e"}: `selector` does not '
                "match template `labels`"
            ],
        ),
    ],
)
@pytest.mark.parametrize("kind", ["Deployment", "ReplicaSet"])
def test_one_that_cannot_be_is_refused_and_the_next_is_not(
    core: Any,
    namespace: str,
    eventually: Eventually,
    kind: str,
    spec: dict[str, Any] | None,
    told: list[str],
) -> None:
    apps = apps_of(core)
    body = {"metadata": {"name": "e"}, **({"spec": spec} if spec else {})}
    create = getattr(apps, f"create_namespaced_{kind.lower().replace('set', '_set')}")
    with pytest.raises(ApiException) as refused:
        create(namespace, body)
    assert refused.value.status == 422
    for cause in told:
        assert cause in json.loads(refused.value.body)["message"]
    apps.create_namespaced_deployment(namespace, deployment("good"))
    eventually(lambda: pods_of(core, namespace, "good"))


def test_pods_of_a_headless_service_are_told_by_their_host_names(
    core: Any, namespace: str, eventually: Eventually
) -> None:
    from kubernetes import client

    service = {
        "metadata": {"name": "h", "labels": {"team": "a"}},
        "spec": {
            "clusterIP": "None",
            "selector": {"app": "h"},
            "publishNotReadyAddresses": True,
        },
    }
    core.create_namespaced_service(namespace, service)
    for name, subdomain in (("h-0", "h"), ("h-1", "other")):
        containers = [{"name": "main", "image": "a:1"}]
        body = {
            "metadata": {"name": name, "labels": {"app": "h"}},
            "spec": {"hostname": name, "subdomain": subdomain, "containers": containers},
        }
        pod = core.create_namespaced_pod(namespace, body)
        report(core, pod, f"127.1.3.{name[-1]}", ready=False)

    def told() -> list[tuple[str, str | None]]:
        subsets = core.read_namespaced_endpoints("h", namespace).subsets or []
        return [(one.ip, one.hostname) for subset in subsets for one in subset.addresses or []]

    eventually(lambda: told() == [("127.1.3.0", "h-0"), ("127.1.3.1", None)])
    labels = core.read_namespaced_endpoints("h", namespace).metadata.labels
    assert labels == {"team": "a", "service.kubernetes.io/headless": ""}
    discovery = client.DiscoveryV1Api(core.api_client)

    def slices() -> list[str | None]:
        listed = discovery.list_namespaced_endpoint_slice(
            namespace, label_selector="service.kubernetes.io/headless"
        )
        return [one.hostname for made in listed.items for one in made.endpoints or []]

    eventually(lambda: slices() == ["h-0", None])


def test_pods_that_lose_the_labels_of_a_set_are_let_go_and_orphans_taken_up(
    core: Any, namespace: str, eventually: Eventually
) -> None:
    def owner(name: str) -> str | None:
        found = core.read_namespaced_pod(name, namespace).metadata.owner_references
        return found[0].name if found else None

    def own() -> list[str]:
        pods = pods_of(core, namespace, "r")
        return sorted(one.metadata.name for one in pods if one.metadata.owner_references)

    apps = apps_of(core)
    apps.create_namespaced_replica_set(namespace, deployment("r", replicas=2))
    first, second = eventually(lambda: len(own()) == 2 and own())
    core.patch_namespaced_pod(first, namespace, {"metadata": {"labels": {"app": "aside"}}})
    eventually(lambda: owner(first) is None)
    # There are two again: another one was made, and it is not the one that went.
    eventually(lambda: len(own()) == 2 and second in own())

    core.patch_namespaced_pod(first, namespace, {"metadata": {"labels": {"app": "r"}}})
    # It is taken up, and there is one too many: two are left, and none without an owner.
    eventually(lambda: len(pods_of(core, namespace, "r")) == 2 == len(own()))
