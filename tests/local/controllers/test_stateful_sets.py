"""StatefulSets; the test plays the kubelet."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from kubernetes.client import ApiException

from tests.local.controllers.conftest import Eventually
from tests.local.controllers.test_deployments import apps_of, pods_of, report

_CLAIM = {
    "metadata": {"name": "data"},
    "spec": {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Mi"}},
        "storageClassName": "nothing-provisions-it",
    },
}


def stateful_set(name: str, image: str = "a:1", **spec: Any) -> dict[str, Any]:
    labels = {"app": name}
    container = {"name": "main", "image": image}
    return {
        "metadata": {"name": name},
        "spec": {
            "serviceName": name,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            **spec,
        },
    }


def names_of(core: Any, namespace: str, name: str) -> list[str]:
    return sorted(pod.metadata.name for pod in pods_of(core, namespace, name))


def serve(core: Any, namespace: str, name: str) -> None:
    """What a kubelet does with each pod that is there; those that are on their way out go."""
    listed = core.list_namespaced_pod(namespace, label_selector=f"app={name}").items
    for number, pod in enumerate(listed, 1):
        if pod.metadata.deletion_timestamp:
            remove(core, namespace, pod.metadata.name)
        elif pod.status.phase == "Pending":
            report(core, pod, f"127.1.2.{number}")


def remove(core: Any, namespace: str, name: str) -> None:
    with contextlib.suppress(ApiException):  # it is gone already
        core.delete_namespaced_pod(name, namespace, grace_period_seconds=0)


def status_of(core: Any, namespace: str, name: str) -> Any:
    return apps_of(core).read_namespaced_stateful_set_status(name, namespace).status


def change(core: Any, namespace: str, name: str, **spec: Any) -> None:
    apps_of(core).patch_namespaced_stateful_set(name, namespace, {"spec": spec})


def image(name: str) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "main", "image": name}]}}


def images_of(core: Any, namespace: str, name: str) -> list[str]:
    pods = sorted(pods_of(core, namespace, name), key=lambda pod: pod.metadata.name)
    return [pod.spec.containers[0].image for pod in pods]


def messages(core: Any, namespace: str) -> list[tuple[str, str]]:
    return [(one.reason, one.message) for one in core.list_namespaced_event(namespace).items]


def test_members_come_one_after_the_other_and_go_from_the_end(
    core: Any, namespace: str, eventually: Eventually
) -> None:
    apps = apps_of(core)
    made = apps.create_namespaced_stateful_set(namespace, stateful_set("s", replicas=3))
    assert made.spec.pod_management_policy == "OrderedReady"
    (first,) = eventually(lambda: pods_of(core, namespace, "s"))
    assert (first.metadata.name, first.metadata.generate_name) == ("s-0", "s-")
    assert (first.spec.hostname, first.spec.subdomain) == ("s-0", "s")
    status = eventually(lambda: (one := status_of(core, namespace, "s")).update_revision and one)
    assert first.metadata.labels == {
        "app": "s",
        "statefulset.kubernetes.io/pod-name": "s-0",
        "apps.kubernetes.io/pod-index": "0",
        "controller-revision-hash": status.update_revision,
    }
    (owner,) = first.metadata.owner_references
    assert (owner.kind, owner.name, owner.controller) == ("StatefulSet", "s", True)
    assert names_of(core, namespace, "s") == ["s-0"]

    def all_there() -> bool:
        serve(core, namespace, "s")
        return status_of(core, namespace, "s").ready_replicas == 3

    eventually(all_there)
    status = status_of(core, namespace, "s")
    counts = (status.replicas, status.current_replicas, status.updated_replicas)
    assert counts == (3, 3, 3)
    assert (status.available_replicas, status.collision_count) == (3, 0)
    assert status.observed_generation == 1
    (revision,) = apps.list_namespaced_controller_revision(namespace).items
    assert revision.metadata.name == status.current_revision == status.update_revision
    created = ("SuccessfulCreate", "create Pod s-2 in StatefulSet s successful")
    eventually(lambda: created in messages(core, namespace))

    apps.patch_namespaced_stateful_set_scale("s", namespace, {"spec": {"replicas": 1}})
    eventually(lambda: names_of(core, namespace, "s") == ["s-0", "s-1"])
    # The next goes only when this one is gone.
    remove(core, namespace, "s-2")
    eventually(lambda: names_of(core, namespace, "s") == ["s-0"])
    remove(core, namespace, "s-1")
    eventually(lambda: status_of(core, namespace, "s").replicas == 1)


def test_parallel_members_come_and_go_at_once(
    core: Any, namespace: str, eventually: Eventually
) -> None:
    body = stateful_set("p", replicas=3, podManagementPolicy="Parallel", ordinals={"start": 4})
    apps_of(core).create_namespaced_stateful_set(namespace, body)
    eventually(lambda: names_of(core, namespace, "p") == ["p-4", "p-5", "p-6"])
    change(core, namespace, "p", replicas=0)
    eventually(lambda: names_of(core, namespace, "p") == [])
    eventually(lambda: all(pod_gone(core, namespace, f"p-{one}") for one in (4, 5, 6)))
    change(core, namespace, "p", replicas=1)
    eventually(lambda: names_of(core, namespace, "p") == ["p-4"])


def pod_gone(core: Any, namespace: str, name: str) -> bool:
    remove(core, namespace, name)
    listed = core.list_namespaced_pod(namespace).items
    return all(pod.metadata.name != name for pod in listed)


def test_an_update_rolls_from_the_last_member_down_to_the_partition(
    core: Any, namespace: str, eventually: Eventually
) -> None:
    apps = apps_of(core)
    apps.create_namespaced_stateful_set(namespace, stateful_set("u", replicas=3))

    def rolled(*images: str) -> bool:
        serve(core, namespace, "u")
        status = status_of(core, namespace, "u")
        assert images_of(core, namespace, "u") == list(images)
        assert status.ready_replicas == 3
        assert status.updated_replicas == images.count(images[-1])
        return True

    eventually(lambda: rolled("a:1", "a:1", "a:1"))
    first = status_of(core, namespace, "u").current_revision
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    change(core, namespace, "u", updateStrategy=strategy, template=image("a:2"))
    eventually(lambda: names_of(core, namespace, "u") == ["u-0", "u-1"])
    eventually(lambda: rolled("a:1", "a:1", "a:2"))
    status = status_of(core, namespace, "u")
    assert status.current_revision == first != status.update_revision
    assert (status.current_replicas, status.updated_replicas) == (2, 1)

    change(core, namespace, "u", updateStrategy={"type": "RollingUpdate", "rollingUpdate": None})
    second = status.update_revision
    eventually(
        lambda: (
            rolled("a:2", "a:2", "a:2")
            and status_of(core, namespace, "u").current_revision == second
        )
    )

    # Back to the template of before: its revision is the newest again.
    change(core, namespace, "u", template=image("a:1"))
    eventually(
        lambda: (
            rolled("a:1", "a:1", "a:1")
            and status_of(core, namespace, "u").current_revision == first
        )
    )
    listed = apps.list_namespaced_controller_revision(namespace).items
    assert {one.metadata.name: one.revision for one in listed}[first] == 3


def test_on_delete_waits_for_somebody_to_delete(
    core: Any, namespace: str, eventually: Eventually
) -> None:
    body = stateful_set("o", updateStrategy={"type": "OnDelete"})
    apps_of(core).create_namespaced_stateful_set(namespace, body)
    eventually(lambda: images_of(core, namespace, "o") == ["a:1"])
    serve(core, namespace, "o")
    change(core, namespace, "o", template=image("a:2"))
    eventually(lambda: status_of(core, namespace, "o").observed_generation == 2)
    assert images_of(core, namespace, "o") == ["a:1"]
    remove(core, namespace, "o-0")
    eventually(lambda: images_of(core, namespace, "o") == ["a:2"])


@pytest.mark.parametrize("phase", ["Failed", "Succeeded"])
def test_a_pod_that_has_ended_is_made_anew(
    core: Any, namespace: str, eventually: Eventually, phase: str
) -> None:
    apps_of(core).create_namespaced_stateful_set(namespace, stateful_set("f"))
    (pod,) = eventually(lambda: pods_of(core, namespace, "f"))
    status = {"status": {"phase": phase}}
    core.patch_namespaced_pod_status("f-0", namespace, status)

    def again() -> bool:
        serve(core, namespace, "f")
        pods = pods_of(core, namespace, "f")
        return bool(pods) and pods[0].metadata.uid != pod.metadata.uid

    eventually(again)


def test_claims_are_made_of_templates_and_stay(
    core: Any, namespace: str, eventually: Eventually
) -> None:
    body = stateful_set("c", volumeClaimTemplates=[_CLAIM])
    mounts = [{"name": "data", "mountPath": "/data"}]
    body["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] = mounts
    apps_of(core).create_namespaced_stateful_set(namespace, body)
    (pod,) = eventually(lambda: pods_of(core, namespace, "c"))
    volume = next(one for one in pod.spec.volumes if one.name == "data")
    assert volume.persistent_volume_claim.claim_name == "data-c-0"
    (claim,) = core.list_namespaced_persistent_volume_claim(namespace).items
    assert (claim.metadata.name, claim.metadata.labels) == ("data-c-0", {"app": "c"})
    assert not claim.metadata.owner_references
    message = "create Claim data-c-0 Pod c-0 in StatefulSet c success"
    eventually(lambda: ("SuccessfulCreate", message) in messages(core, namespace))
    apps_of(core).delete_namespaced_stateful_set("c", namespace)
    eventually(lambda: pod_gone(core, namespace, "c-0"))
    assert core.read_namespaced_persistent_volume_claim("data-c-0", namespace)


def test_claims_go_with_the_set_or_with_their_member(
    core: Any, namespace: str, eventually: Eventually
) -> None:
    def owners(name: str) -> list[str]:
        claim = core.read_namespaced_persistent_volume_claim(name, namespace)
        return [one.kind for one in claim.metadata.owner_references or []]

    policy = {"whenDeleted": "Delete", "whenScaled": "Delete"}
    body = stateful_set(
        "d",
        replicas=2,
        podManagementPolicy="Parallel",
        volumeClaimTemplates=[_CLAIM],
        persistentVolumeClaimRetentionPolicy=policy,
    )
    body["spec"]["template"]["metadata"]["finalizers"] = ["example.com/kept-a-while"]
    apps_of(core).create_namespaced_stateful_set(namespace, body)
    eventually(lambda: names_of(core, namespace, "d") == ["d-0", "d-1"])
    eventually(lambda: owners("data-d-1") == ["StatefulSet"])
    change(core, namespace, "d", replicas=1)
    eventually(lambda: owners("data-d-1") == ["Pod"])
    assert owners("data-d-0") == ["StatefulSet"]
    core.patch_namespaced_pod("d-1", namespace, {"metadata": {"finalizers": None}})
    eventually(lambda: claim_names(core, namespace) == ["data-d-0"])


def claim_names(core: Any, namespace: str) -> list[str]:
    listed = core.list_namespaced_persistent_volume_claim(namespace).items
    return [one.metadata.name for one in listed]


def test_a_name_that_is_too_long_for_its_labels_is_told(
    core: Any, namespace: str, eventually: Eventually
) -> None:
    name = "x" * 53
    body = stateful_set(name)
    body["spec"]["serviceName"] = "x"
    apps_of(core).create_namespaced_stateful_set(namespace, body)

    def refused() -> Any:
        found = [one for one in messages(core, namespace) if one[0] == "FailedCreate"]
        return found and found[0][1]

    message = eventually(refused)
    revision = status_of(core, namespace, name).update_revision
    assert message == (
        f'create Pod {name}-0 in StatefulSet {name} failed error: Pod "{name}-0" is invalid: '
        f'metadata.labels: Invalid value: "{revision}": must be no more than 63 characters'
    )
    assert status_of(core, namespace, name).replicas == 0


def test_pods_of_a_set_that_went_without_them_are_adopted(
    core: Any, namespace: str, eventually: Eventually
) -> None:
    apps = apps_of(core)
    apps.create_namespaced_stateful_set(namespace, stateful_set("a"))
    (pod,) = eventually(lambda: pods_of(core, namespace, "a"))
    eventually(lambda: status_of(core, namespace, "a").replicas == 1)
    apps.delete_namespaced_stateful_set("a", namespace, propagation_policy="Orphan")
    eventually(lambda: not pods_of(core, namespace, "a")[0].metadata.owner_references)
    eventually(lambda: not apps.list_namespaced_stateful_set(namespace).items)
    again = apps.create_namespaced_stateful_set(namespace, stateful_set("a"))
    eventually(
        lambda: (
            [one.uid for one in pods_of(core, namespace, "a")[0].metadata.owner_references or []]
            == [again.metadata.uid]
        )
    )
    assert pods_of(core, namespace, "a")[0].metadata.uid == pod.metadata.uid


def test_pods_go_with_their_set(core: Any, namespace: str, eventually: Eventually) -> None:
    apps = apps_of(core)
    apps.create_namespaced_stateful_set(namespace, stateful_set("g"))
    eventually(lambda: pods_of(core, namespace, "g"))
    apps.delete_namespaced_stateful_set("g", namespace, propagation_policy="Foreground")
    eventually(lambda: pod_gone(core, namespace, "g-0"))
    eventually(lambda: not apps.list_namespaced_stateful_set(namespace).items)
    eventually(lambda: not apps.list_namespaced_controller_revision(namespace).items)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"podManagementPolicy": "Some"}, "must be 'OrderedReady' or 'Parallel'"),
        ({"updateStrategy": {"type": "Now"}}, "must be 'RollingUpdate' or 'OnDelete'"),
        ({"replicas": -1}, "spec.replicas: Invalid value: -1: must be greater than or equal to 0"),
        ({"selector": {"matchLabels": {"app": "b"}}}, "`selector` does not match template"),
        ({"volumeClaimTemplates": [{"metadata": {"name": "d"}}]}, "accessModes: Required value"),
    ],
)
def test_one_that_cannot_be_is_refused(
    core: Any, namespace: str, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ApiException) as refused:
        apps_of(core).create_namespaced_stateful_set(namespace, stateful_set("r", **change))
    assert refused.value.status == 422
    assert message in json.loads(refused.value.body)["message"]


def test_what_members_are_known_by_cannot_be_changed(core: Any, namespace: str) -> None:
    apps_of(core).create_namespaced_stateful_set(namespace, stateful_set("i", replicas=0))
    with pytest.raises(ApiException) as refused:
        change(core, namespace, "i", serviceName="other")
    message = json.loads(refused.value.body)["message"]
    assert "spec: Forbidden: updates to statefulset spec for fields other than" in message
