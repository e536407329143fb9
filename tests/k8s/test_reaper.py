"""The reaper finds what interrupted sessions left behind, and touches nothing else."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.errors import KubeflowError, NotFound, PermissionDenied
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.namespaces import create_namespace, delete_namespace, wait_until_gone
from pytest_kubeflow.k8s.profiles import create_profile, delete_profile
from pytest_kubeflow.k8s.sessions.leftovers import Leftover, OwnObjects
from pytest_kubeflow.k8s.sessions.ownership import EXPIRES, MANAGED_BY, Ownership
from pytest_kubeflow.k8s.sessions.reaper import Reaper
from pytest_kubeflow.k8s.sessions.record import SessionRecord
from pytest_kubeflow.waiting import Deadline
from tests.cluster.remote import NAMESPACE, Remote, wait_until

NOW = int(time.time())
DAY = 24 * 3600.0
"""Much longer than a run of all tests may take, in whose first minute `NOW` was."""

EXPIRED = Ownership("somebody", "interrupted", NOW - 10)
EXPIRED_KEEPER = Ownership("somebody", "interrupted")
RUNNING = Ownership("somebody", "running", NOW + int(DAY))
FOREIGN = {**EXPIRED.labels(), MANAGED_BY: "Helm"}
LABELS: dict[str, dict[str, str]] = {
    "expired": EXPIRED.labels(),
    "running": RUNNING.labels(),
    "foreign": FOREIGN,
    "bare": {},
}
KINDS = (
    "notebook",
    "tensorboard",
    "poddefault",
    "inferenceservice",
    "authorizationpolicy",
    "pod",
    "persistentvolumeclaim",
    "configmap",
    "serviceaccount",
    "secret",
)


CUSTOM = {
    "notebook": ("kubeflow.org", "v1", "notebooks"),
    "tensorboard": ("tensorboard.kubeflow.org", "v1alpha1", "tensorboards"),
    "poddefault": ("kubeflow.org", "v1alpha1", "poddefaults"),
    "inferenceservice": ("serving.kserve.io", "v1beta1", "inferenceservices"),
    "authorizationpolicy": ("security.istio.io", "v1beta1", "authorizationpolicies"),
}


def make(kubernetes: KubernetesClient, namespace: str, name: str, labels: dict[str, str]) -> None:
    """One object of each kind with this name."""
    core = kubernetes.core
    metadata = {"metadata": {"name": name, "labels": labels}}
    model = {"modelFormat": {"name": "nobody-serves-this"}, "storageUri": "s3://nowhere/at-all"}
    container = {"name": "main", "image": "busybox", "command": ["sleep", "300"]}
    specs: dict[str, dict[str, Any]] = {
        "notebook": {"template": {"spec": {"containers": [container]}}},
        "tensorboard": {"logspath": "pvc://nothing/at-all"},
        "poddefault": {"selector": {"matchLabels": {"t-nobody": "has-it"}}},
        "inferenceservice": {"predictor": {"model": model}},
        "authorizationpolicy": {},
    }
    kinds = {
        "notebook": "Notebook",
        "tensorboard": "Tensorboard",
        "poddefault": "PodDefault",
        "inferenceservice": "InferenceService",
        "authorizationpolicy": "AuthorizationPolicy",
    }
    for kind, (group, version, plural) in CUSTOM.items():
        body = {"apiVersion": f"{group}/{version}", "kind": kinds[kind], "spec": specs[kind]}
        # A Notebook without a pod: it is an object like the others here.
        annotations = {"kubeflow-resource-stopped": "2006-01-02T15:04:05Z"}
        of_it = {"metadata": {**metadata["metadata"], "annotations": annotations}}
        kubernetes.custom.create_namespaced_custom_object(
            group, version, namespace, plural, {**of_it, **body}
        )
    core.create_namespaced_service_account(namespace, metadata)
    core.create_namespaced_config_map(namespace, metadata)
    core.create_namespaced_secret(namespace, metadata)
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
    core.create_namespaced_persistent_volume_claim(namespace, {**metadata, "spec": claim})
    spec = {"containers": [container], "terminationGracePeriodSeconds": 0}
    core.create_namespaced_pod(namespace, {**metadata, "spec": spec})


@pytest.fixture
def namespace(kubernetes: KubernetesClient) -> Iterator[str]:
    """A namespace with four things of each kind in it, of which one is left behind."""
    name = f"team-{uuid.uuid4().hex[:8]}"
    labels = RUNNING.labels()
    create_namespace(kubernetes, name, labels=labels, deadline=Deadline.after(20))
    for kind, labels in LABELS.items():
        make(kubernetes, name, f"t-{kind}", labels)
    yield name
    delete_namespace(kubernetes, name)


def there(kubernetes: KubernetesClient, namespace: str) -> set[str]:
    """Kind and name of what the namespace has of ours, as far as it is not being deleted."""
    core, custom = kubernetes.core, kubernetes.custom
    found = {
        f"{kind} {item['metadata']['name']}"
        for kind, (group, version, plural) in CUSTOM.items()
        for item in custom.list_namespaced_custom_object(group, version, namespace, plural)["items"]
    }
    listings = {
        "serviceaccount": core.list_namespaced_service_account,
        "pod": core.list_namespaced_pod,
        "persistentvolumeclaim": core.list_namespaced_persistent_volume_claim,
        "configmap": core.list_namespaced_config_map,
        "secret": core.list_namespaced_secret,
    }
    found |= {
        f"{kind} {item.metadata.name}"
        for kind, listing in listings.items()
        for item in listing(namespace).items
    }
    return {one for one in found if one.partition(" ")[2].startswith("t-")}


def test_only_what_has_expired_goes(kubernetes: KubernetesClient, namespace: str) -> None:
    before = there(kubernetes, namespace)
    assert len(before) == len(KINDS) * len(LABELS)
    removed = Reaper(kubernetes).reap(namespace)
    assert {str(one) for one in removed} == {f"{kind} {namespace}/t-expired" for kind in KINDS}
    expired = {f"{kind} t-expired" for kind in KINDS}
    wait_until(lambda: there(kubernetes, namespace) == before - expired)
    assert Reaper(kubernetes).leftovers(namespace) == []


def test_what_runs_now_expires_later(kubernetes: KubernetesClient, namespace: str) -> None:
    later = Reaper(kubernetes, clock=lambda: time.time() + 2 * DAY)
    found = {one.name for one in later.leftovers(namespace)}
    assert found == {"t-expired", "t-running"}


def test_a_session_by_its_id(kubernetes: KubernetesClient, namespace: str) -> None:
    found = Reaper(kubernetes, run_id="running").leftovers(namespace)
    assert {(one.kind, one.name) for one in found} == {(kind, "t-running") for kind in KINDS}


def test_namespaces_and_profiles(kubernetes: KubernetesClient, remote: Remote) -> None:
    core, deadline = kubernetes.core, Deadline.after(30)
    unique = uuid.uuid4().hex[:8]
    for kind, labels in LABELS.items():
        core.create_namespace({"metadata": {"name": f"n-{kind}-{unique}", "labels": labels}})
        create_profile(
            kubernetes,
            f"p-{kind}-{unique}",
            owner="user@example.com",
            labels=labels,
            deadline=deadline,
        )
    # The labels are over, and what is in it says that the session is not.
    alive = SessionRecord(kubernetes, f"p-expired-{unique}", Ownership("somebody", "interrupted"))
    alive.renew()
    removed = {one for one in Reaper(kubernetes).reap() if one.name.endswith(unique)}
    assert removed == {Leftover("namespace", "", f"n-expired-{unique}")}
    alive.close()
    # Another session works in it, as one that was given it by --kf-namespace.
    guest = SessionRecord(kubernetes, f"p-expired-{unique}", RUNNING)
    guest.renew()
    assert not {one for one in Reaper(kubernetes).reap() if one.name == f"p-expired-{unique}"}
    guest.close()
    purged: list[str] = []
    reaper = Reaper(kubernetes, purge=purged.append)
    removed |= {one for one in reaper.reap() if one.name.endswith(unique)}
    assert f"p-expired-{unique}" in purged
    assert removed == {
        Leftover("namespace", "", f"n-expired-{unique}"),
        Leftover("profile", "", f"p-expired-{unique}"),
    }
    for one in removed:
        wait_until_gone(kubernetes, one.name, deadline=deadline)
    left = {item.metadata.name for item in core.list_namespace().items}
    for kind in ("running", "foreign", "bare"):
        assert {f"n-{kind}-{unique}", f"p-{kind}-{unique}"} <= left
    for kind in ("foreign", "bare"):
        with pytest.raises(PermissionDenied, match="was not made by pytest-kubeflow: left alone"):
            delete_namespace(kubernetes, f"n-{kind}-{unique}")
        with pytest.raises(PermissionDenied, match="was not made by pytest-kubeflow: left alone"):
            delete_profile(kubernetes, f"p-{kind}-{unique}")


def test_a_session_that_says_that_it_lives_is_left_alone(
    kubernetes: KubernetesClient, namespace: str
) -> None:
    """Whatever the labels of the rest say; and one that only did once is not."""
    longer = Ownership("somebody", "interrupted", NOW + int(DAY))
    record = SessionRecord(kubernetes, namespace, longer)
    record.renew()
    record.renew()
    records = OwnObjects(kubernetes).records(namespace)
    assert sum("session" in one.name for one in records) == 1
    assert Reaper(kubernetes).reap(namespace) == []
    later = Reaper(kubernetes, clock=lambda: NOW + 0.9 * DAY)
    assert later.leftovers(namespace) == []
    assert {one.name for one in Reaper(kubernetes, run_id="interrupted").leftovers(namespace)}
    record.close()
    found = Reaper(kubernetes).leftovers(namespace)
    assert {(one.kind, one.name) for one in found} == {(kind, "t-expired") for kind in KINDS}


def test_what_was_kept_has_its_time(kubernetes: KubernetesClient, namespace: str) -> None:
    SessionRecord(kubernetes, namespace, EXPIRED_KEEPER).keep(DAY)
    assert Reaper(kubernetes).leftovers(namespace) == []
    labels = kubernetes.core.read_namespaced_pod("t-expired", namespace).metadata.labels
    assert int(labels[EXPIRES]) >= NOW + DAY
    service = kubernetes.custom.get_namespaced_custom_object(
        *CUSTOM["inferenceservice"][:2], namespace, "inferenceservices", "t-expired"
    )
    assert int(service["metadata"]["labels"][EXPIRES]) >= NOW + DAY
    foreign = kubernetes.core.read_namespaced_pod("t-foreign", namespace).metadata.labels
    assert foreign == FOREIGN
    found = Reaper(kubernetes, clock=lambda: time.time() + 1.5 * DAY).leftovers(namespace)
    assert {one.kind for one in found if one.name == "t-expired"} == {*KINDS}


def test_a_session_reaps_before_it_begins(
    kubernetes: KubernetesClient, remote: Remote, tmp_path: Path
) -> None:
    for kind, labels in LABELS.items():
        make(kubernetes, NAMESPACE, f"t-{kind}", labels)
    before = there(kubernetes, NAMESPACE)
    (tmp_path / "test_it.py").write_text("def test_it(kf_namespace): pass\n")
    code, output = remote.run(tmp_path, f"--kf-namespace={NAMESPACE}")
    assert code == 0, output
    expired = {f"{kind} t-expired" for kind in KINDS}
    wait_until(lambda: there(kubernetes, NAMESPACE) == before - expired)
    found = output.partition("removed from the cluster: left behind by earlier sessions")[2]
    for kind in KINDS:
        assert f"{kind} {NAMESPACE}/t-expired, of somebody (session interrupted), expired" in found
    assert "warning" not in output


def test_who_may_not_list_finds_nothing(remote: Remote, tmp_path: Path) -> None:
    """Where there are no rights there is nothing of ours either, and no error."""
    import yaml

    config = yaml.safe_load(remote.endpoints.kubeconfig.read_text())
    request = {"spec": {"expirationSeconds": 600}}
    answer = remote.core.create_namespaced_service_account_token("default", NAMESPACE, request)
    config["users"][0]["user"] = {"token": answer.status.token}
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    stranger = KubernetesClient(path)
    assert not stranger.may("list", "pods", namespace="kubeflow")
    assert Reaper(stranger).reap("kubeflow") == []
    assert Reaper(stranger).reap() == []
    stranger.close()


def test_where_records_cannot_be_seen_everything_lives(
    kubernetes: KubernetesClient, remote: Remote, namespace: str, tmp_path: Path
) -> None:
    import yaml

    SessionRecord(kubernetes, namespace, EXPIRED_KEEPER).renew()
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "delete"]}]
    name = {"metadata": {"name": "pods-alone"}}
    kubernetes.rbac.create_namespaced_role(namespace, {**name, "rules": rules})
    account = {"kind": "ServiceAccount", "name": "default", "namespace": namespace}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "pods-alone"}
    kubernetes.rbac.create_namespaced_role_binding(
        namespace, {**name, "roleRef": role, "subjects": [account]}
    )
    request = {"spec": {"expirationSeconds": 600}}
    answer = remote.core.create_namespaced_service_account_token("default", namespace, request)
    config = yaml.safe_load(remote.endpoints.kubeconfig.read_text())
    config["users"][0]["user"] = {"token": answer.status.token}
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    limited = KubernetesClient(path)
    wait_until(lambda: limited.may("delete", "pods", namespace=namespace))
    assert Reaper(limited).leftovers(namespace) == []
    limited.close()


def test_another_one_of_the_same_name_is_left_alone(kubernetes: KubernetesClient) -> None:
    """That came between looking and removing; with what it has elsewhere."""
    name = f"n-again-{uuid.uuid4().hex[:8]}"
    deadline = Deadline.after(120)
    create_namespace(kubernetes, name, labels=EXPIRED.labels(), deadline=deadline)
    objects = OwnObjects(kubernetes)
    (listed,) = (one for one in objects.of_cluster() if one.name == name)
    delete_namespace(kubernetes, name)
    wait_until_gone(kubernetes, name, deadline=deadline)
    create_namespace(kubernetes, name, labels=EXPIRED.labels(), deadline=deadline)
    with pytest.raises(NotFound, match="another one has its name"):
        objects.check(listed)
    with pytest.raises(KubeflowError, match="409"):
        objects.remove(listed)
    assert kubernetes.core.read_namespace(name).metadata.deletion_timestamp is None
    delete_namespace(kubernetes, name)
