"""Against the embedded notebooks: a whole life, and what never becomes ready, in one line each."""

from __future__ import annotations

import pytest

from pytest_kubeflow.cluster import Cluster
from pytest_kubeflow.errors import (
    ConfigurationError,
    KubeflowError,
    NotFound,
    PermissionDenied,
    WaitTimeout,
)
from pytest_kubeflow.k8s.sessions.leftovers import OwnObjects
from pytest_kubeflow.k8s.sessions.ownership import is_ours
from pytest_kubeflow.local.endpoints import Endpoints
from pytest_kubeflow.notebooks.creator import NotebookCreator
from pytest_kubeflow.notebooks.errors import KernelDied, NotebookFailed
from pytest_kubeflow.notebooks.notebook import Notebook, NotebookAccess
from pytest_kubeflow.notebooks.spec import GROUP, HOME, PLURAL, VERSION, NewClaim
from pytest_kubeflow.waiting import Deadline, wait_until
from tests.notebooks.conftest import NAMESPACE, connected

WAITS = "import signal, time; signal.signal(signal.SIGTERM, lambda *_: exit()); time.sleep(600)"
SERVERLESS = {"image": "python:3.11", "command": ["python3", "-c", WAITS]}


def failure(made: Notebook, kind: type[KubeflowError] = NotebookFailed) -> KubeflowError:
    """Why it will not be ready, which is one line, with evidence under it."""
    with pytest.raises(kind) as failed:
        made.wait_ready()
    assert not made.is_ready
    assert "\n" not in failed.value.message
    assert failed.value.message.startswith(f"Notebook {NAMESPACE}/{made.name} will not be ready: ")
    assert failed.value.evidence is not None
    return failed.value


@pytest.mark.parametrize("by", ["app", "resource"])
def test_a_whole_life(by: str, creator: NotebookCreator, cluster: Cluster) -> None:
    made = creator(by=by)
    state = made.state
    assert is_ours(state.metadata["labels"])
    assert state.claims == {HOME: made.claims[0]}
    assert state.loses == ""
    assert made.execute("print('hello')").stdout == "hello\n"
    made.write("work/data.bin", bytes(range(256)))
    assert made.read_bytes("work/data.bin") == bytes(range(256))
    kept = {(one.kind, one.name) for one in OwnObjects(cluster.kubernetes).inside(NAMESPACE)}
    assert {("notebook", made.name), ("persistentvolumeclaim", made.claims[0])} <= kept
    made.stop()
    assert made.workload.pod is None
    assert made.state.describe().startswith("stopped (since ")
    with pytest.raises(NotebookFailed, match="somebody or the culler has stopped it"):
        made.wait_ready()
    made.start()
    assert made.execute("'made' in globals()").result == "False"
    assert made.read_bytes("work/data.bin") == bytes(range(256))
    found = made.evidence().render()
    assert "log of " in found
    assert "the web app says: ready" in found
    creator.close()
    with pytest.raises(NotFound):
        _ = made.state
    with pytest.raises(NotFound):
        _ = made.processed_status
    core = cluster.kubernetes.core
    claims = core.list_namespaced_persistent_volume_claim(NAMESPACE).items
    left = {claim.metadata.name for claim in claims if not claim.metadata.deletion_timestamp}
    assert made.claims[0] not in left
    made.delete()  # is gone already


def test_a_kernel_that_went_with_its_pod_costs_one_cell(
    creator: NotebookCreator, cluster: Cluster
) -> None:
    """Whoever deleted the pod: a notebook that many tests share is no worse off for it."""
    made = creator(by="resource")
    assert made.execute("kept = 5\nkept").result == "5"
    core = cluster.kubernetes.core
    before = made.workload.pod
    core.delete_namespaced_pod(before.metadata.name, NAMESPACE, grace_period_seconds=0)
    wait_until(
        lambda: made.workload,
        lambda found: found.runs and found.pod.metadata.uid != before.metadata.uid,
        deadline=Deadline.after(60),
        what="another pod to run",
    )
    made.wait_ready()
    with pytest.raises(KernelDied, match="is not there any more"):
        made.execute("1")
    assert made.execute("'kept' in globals()").result == "False"
    made.write("bytes", b"\xff\x00")
    with pytest.raises(KubeflowError, match="is no text in utf-8: byte 0xff at 0 of 2") as told:
        made.read_text("bytes")
    assert "\n" not in told.value.message
    with pytest.raises(ConfigurationError, match="is the home directory itself"):
        made.write(".", "x")


def test_what_the_api_server_does_not_take_is_told_in_its_words(
    hasty: NotebookCreator, cluster: Cluster
) -> None:
    """Of a StatefulSet that is refused, the controller tells its log alone."""
    name = cluster.ownership.name("notebook")
    container = {"name": name, "image": "x", "ports": [{"containerPort": 99999}]}
    body = {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": "Notebook",
        "metadata": {"name": name, "labels": cluster.ownership.labels()},
        "spec": {"template": {"spec": {"containers": [container]}}},
    }
    cluster.kubernetes.custom.create_namespaced_custom_object(
        GROUP, VERSION, NAMESPACE, PLURAL, body
    )
    made = Notebook(hasty._access, name, by_app=False)
    hasty.notebooks.append(made)
    message = failure(made).message
    assert "it has no StatefulSet, and the API server takes none: " in message
    assert "containers[0].ports[0].containerPort" in message
    assert "must be between 1 and 65535" in message


def test_an_image_without_a_server(hasty: NotebookCreator) -> None:
    made = hasty(by="resource", wait=False, **SERVERLESS)  # type: ignore[arg-type]
    found = failure(made)
    assert "its container runs for 2 s, and nothing responds at port 8888" in found.message
    assert "0.0.0.0:8888 with the base URL $NB_PREFIX (--kf-notebook-image" in found.message


def test_an_image_that_is_not_there(hasty: NotebookCreator) -> None:
    found = failure(hasty(image="registry.invalid/no-such:1", wait=False))
    assert "the image 'registry.invalid/no-such:1' is not pulled" in found.message
    assert "--kf-notebook-image" in found.message


def test_a_container_that_ends_at_once(hasty: NotebookCreator) -> None:
    crash = {"image": "python:3.11", "command": ["sh", "-c", "echo broken >&2; exit 3"]}
    made = hasty(by="resource", wait=False, **crash)  # type: ignore[arg-type]
    with pytest.raises((NotebookFailed, WaitTimeout)) as failed:
        made.wait_ready(90)
    assert "has ended" in failed.value.message
    assert "with exit code 3" in failed.value.message


def test_a_claim_without_a_volume(hasty: NotebookCreator) -> None:
    made = hasty(workspace=NewClaim("1Gi", storage_class="no-such-class"), wait=False)
    found = failure(made)
    assert f"its volume claim {NAMESPACE}/{made.claims[0]} gets no volume" in found.message
    assert "no-such-class" in found.message


def test_a_quota_that_has_no_room(creator: NotebookCreator, cluster: Cluster) -> None:
    core = cluster.kubernetes.core
    quota = {"metadata": {"name": "notebooks"}, "spec": {"hard": {"requests.memory": "1Mi"}}}
    core.create_namespaced_resource_quota(NAMESPACE, quota)
    try:
        found = failure(creator(wait=False))
    finally:
        core.delete_namespaced_resource_quota("notebooks", NAMESPACE)
    assert "its StatefulSet cannot make a pod: " in found.message
    assert "exceeded quota: notebooks, requested: requests.memory=512Mi" in found.message
    assert "it is ResourceQuota 'notebooks' that refuses it: it never has room" in found.message
    assert "FailedCreate" in str(found)


def test_a_prefix_that_its_object_sets(creator: NotebookCreator) -> None:
    made = creator(by="resource", env={"NB_PREFIX": "/"}, wait=False, **SERVERLESS)  # type: ignore[arg-type]
    found = failure(made)
    assert "NB_PREFIX is set to '/' in its object" in found.message
    assert f"the gateway leads {made.path} to it" in found.message


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("n" * 53, "it has 53 characters, and with more than 52 its StatefulSet gets no pod"),
        ("Upper", "is no name for a Notebook; valid: lower-case letters"),
        ("9lives", "is no name for a Notebook"),
        ("ends-", "is no name for a Notebook"),
    ],
)
def test_names_that_cannot_be(name: str, message: str, creator: NotebookCreator) -> None:
    with pytest.raises(ConfigurationError, match=message) as refused:
        creator(name=name)
    assert "\n" not in str(refused.value)
    assert creator.notebooks == []


@pytest.mark.parametrize("by", ["app", "resource"])
def test_a_name_that_is_taken(by: str, creator: NotebookCreator, cluster: Cluster) -> None:
    taken = creator(by="resource", stopped=True, wait=False)
    before = taken.state.object
    with pytest.raises(NotebookFailed, match="already: left as it is; take another name") as found:
        creator(name=taken.name, by=by)
    assert "\n" not in found.value.message
    assert taken.state.metadata["uid"] == before["metadata"]["uid"]
    core = cluster.kubernetes.core
    assert core.read_namespaced_persistent_volume_claim(taken.claims[0], NAMESPACE)


def test_a_notebook_that_is_refused_leaves_no_claim(
    creator: NotebookCreator, cluster: Cluster
) -> None:
    name = cluster.ownership.name("notebook")
    with pytest.raises(KubeflowError, match=r"containers\[0\]\.image") as refused:
        creator(name=name, by="resource", image=5)  # type: ignore[arg-type]
    assert "\n" not in refused.value.message
    core = cluster.kubernetes.core
    claims = core.list_namespaced_persistent_volume_claim(NAMESPACE).items
    left = {one.metadata.name for one in claims if not one.metadata.deletion_timestamp}
    assert f"{name}-workspace" not in left
    assert creator.notebooks == []


def test_what_the_form_cannot_say(creator: NotebookCreator) -> None:
    with pytest.raises(ConfigurationError, match="the web app for notebooks takes no env"):
        creator(env={"A": "b"})
    with pytest.raises(ConfigurationError, match="is no way to make a notebook; valid: app, res"):
        creator(by="hand")


def test_a_claim_elsewhere_is_told(creator: NotebookCreator) -> None:
    with pytest.warns(UserWarning, match=r"will lose data: no claim is mounted at /home/jovyan"):
        made = creator(
            by="resource",
            workspace=None,
            volumes={"/data": NewClaim("1Gi")},
            stopped=True,
            wait=False,
        )
    assert f"{made.claims[0]} at /data" in made.state.loses


def test_who_is_not_the_owner(creator: NotebookCreator, endpoints: Endpoints) -> None:
    """A token of the namespace's own account works in the web app, and opens no notebook."""
    made = creator()
    for account in connected(endpoints, auth="token-request"):
        access = NotebookAccess(account, NAMESPACE, timeout=60)
        with pytest.raises(PermissionDenied) as refused:
            Notebook(access, made.name, by_app=True).wait_ready()
        assert "RBAC: access denied" in refused.value.message
        assert "a notebook lets in its owner alone, no service account's token" in (
            refused.value.message
        )
        assert access.app.get(NAMESPACE, made.name)["metadata"]["name"] == made.name


def test_what_is_not_ours_is_left_alone(creator: NotebookCreator, cluster: Cluster) -> None:
    made = creator(by="resource", stopped=True, wait=False)
    ours = made.state.metadata["labels"]
    access = creator._access
    access.patch(made.name, {"labels": dict.fromkeys(ours)})
    for change in (made.stop, made.start, made.delete):
        with pytest.raises(PermissionDenied, match="was not made by pytest-kubeflow: left alone"):
            change()
    access.patch(made.name, {"labels": ours})


def test_one_that_somebody_deletes_meanwhile(creator: NotebookCreator, cluster: Cluster) -> None:
    made = creator(by="resource", image="registry.invalid/no-such:1", wait=False)
    cluster.kubernetes.custom.delete_namespaced_custom_object(
        GROUP, VERSION, NAMESPACE, PLURAL, made.name
    )
    with pytest.raises(NotebookFailed, match=r"was deleted while|being deleted"):
        made.wait_ready()
