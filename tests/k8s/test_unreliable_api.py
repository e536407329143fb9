"""Whatever the plugin asks the Kubernetes API for outlasts an API server that is away."""

from __future__ import annotations

import itertools
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.auth.tokenrequest import TokenRequest
from pytest_kubeflow.errors import (
    ClusterUnreachable,
    KubeflowError,
    NotFound,
    PermissionDenied,
    WaitTimeout,
)
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.events import events_of
from pytest_kubeflow.k8s.namespaces import (
    create_namespace,
    delete_namespace,
    require_namespace,
    wait_until_gone,
)
from pytest_kubeflow.k8s.pods.lifecycle import create_pod, delete_pod, wait_for_end
from pytest_kubeflow.k8s.pods.logs import read_log
from pytest_kubeflow.k8s.pods.template import ContainerSpec, pod_manifest
from pytest_kubeflow.k8s.profiles import create_profile, delete_profile, list_profiles
from pytest_kubeflow.k8s.retry_policy import kubernetes_policy
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.k8s.sessions.reaper import Reaper
from pytest_kubeflow.k8s.volumes.volume import SeededVolume, Volumes
from pytest_kubeflow.redaction import Redactor, Secret
from pytest_kubeflow.waiting import Deadline, bounded_by
from tests.cluster.remote import NAMESPACE, Remote
from tests.retries.unreliable import FAULTS, Exchange, Fault, UnreliableEndpoint, status, unreliable

OWN = Ownership("tests")
SECONDS = 60.0


@pytest.fixture(scope="module")
def endpoint(
    remote: Remote, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[UnreliableEndpoint]:
    with unreliable(remote.endpoints.kubeconfig, tmp_path_factory.mktemp("endpoint")) as one:
        yield one


@pytest.fixture
def kubernetes(endpoint: UnreliableEndpoint) -> Iterator[KubernetesClient]:
    client = KubernetesClient(endpoint.kubeconfig)
    yield client
    client.close()


def in_time() -> Deadline:
    return Deadline.after(SECONDS)


def name_of(purpose: str) -> str:
    return f"{purpose}-{uuid.uuid4().hex[:8]}"


def echo(name: str, *command: str) -> dict[str, object]:
    spec = ContainerSpec("main", "python:3.11", ["python3", "-c", *command], {})
    return pod_manifest(name, labels=OWN.labels(), containers=[spec])


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_each_call_fails_once(
    kubernetes: KubernetesClient, endpoint: UnreliableEndpoint, fault: Fault
) -> None:
    """Reads and writes, waits and logs: from the namespace to its end."""
    namespace, pod = name_of("space"), name_of("pod")
    with endpoint.every_first(fault):
        create_namespace(kubernetes, namespace, labels=OWN.labels(), deadline=in_time())
        require_namespace(kubernetes, namespace)
        made = create_pod(kubernetes, namespace, echo(pod, "print('it was here')"))
        assert made.metadata.name == pod
        wait_for_end(kubernetes, namespace, pod, deadline=in_time())
        assert read_log(kubernetes, namespace, pod) == b"it was here\n"
        assert isinstance(events_of(kubernetes, namespace), list)
        delete_pod(kubernetes, namespace, pod)
        delete_namespace(kubernetes, namespace)
        wait_until_gone(kubernetes, namespace, deadline=in_time())
    assert endpoint.attempts["POST", "/api/v1/namespaces"] == 2
    assert endpoint.attempts["POST", f"/api/v1/namespaces/{namespace}/pods"] == 2


def test_what_is_built_on_the_calls(
    kubernetes: KubernetesClient, endpoint: UnreliableEndpoint
) -> None:
    """Volumes, profiles, tokens, leftovers; each call fails in another way, most of them twice."""
    faults = itertools.cycle(one for name, one in FAULTS.items() if "429" not in name)

    def another(exchange: Exchange) -> None:
        next(faults)(exchange)

    profile = name_of("profile")
    volumes = Volumes(kubernetes, NAMESPACE, ownership=OWN, image="python:3.11", timeout=SECONDS)
    with endpoint.every_first(another):
        volume = volumes.make(SeededVolume({"a.csv": "1,2\n"}))
        assert volume.read_text("a.csv") == "1,2\n"
        volume.delete()
        create_profile(
            kubernetes,
            profile,
            owner="user@example.com",
            labels=OWN.labels(),
            deadline=in_time(),
        )
        found = list_profiles(kubernetes, selector="app.kubernetes.io/managed-by=pytest-kubeflow")
        assert profile in {one["metadata"]["name"] for one in found}
        token = TokenRequest(
            kubernetes,
            namespace=NAMESPACE,
            account="default-editor",
            audience=None,
            redactor=Redactor(),
        )
        assert token.headers()["Authorization"]
        assert kubernetes.may("create", "pods", namespace=NAMESPACE)
        removed = Reaper(kubernetes, run_id=OWN.run_id).reap(NAMESPACE)
        assert all(one.namespace == NAMESPACE for one in removed)
        delete_profile(kubernetes, profile)
        wait_until_gone(kubernetes, profile, deadline=in_time())


def test_restart_in_a_wait(kubernetes: KubernetesClient, endpoint: UnreliableEndpoint) -> None:
    """Nothing listens for a while: the wait goes on, and a write waits for it."""
    pod = name_of("slow")
    create_pod(kubernetes, NAMESPACE, echo(pod, "import time; time.sleep(1)"))
    endpoint.refuse()
    back = threading.Timer(2.0, endpoint.listen)
    back.start()
    wait_for_end(kubernetes, NAMESPACE, pod, deadline=in_time())
    back.join()
    endpoint.refuse()
    back = threading.Timer(1.0, endpoint.listen)
    back.start()
    delete_pod(kubernetes, NAMESPACE, pod)
    back.join()


def test_a_wait_says_that_the_api_is_away(
    kubernetes: KubernetesClient, endpoint: UnreliableEndpoint
) -> None:
    pod = name_of("slow")
    create_pod(kubernetes, NAMESPACE, echo(pod, "import time; time.sleep(30)"))
    seen = threading.Event()

    def vanish(exchange: Exchange) -> None:
        seen.set()
        exchange.deliver(exchange.forward())

    def leave() -> None:
        seen.wait(SECONDS)
        endpoint.refuse()

    with endpoint.every_first(vanish):
        thread = threading.Thread(target=leave)
        thread.start()
        try:
            with pytest.raises(WaitTimeout) as caught:
                wait_for_end(kubernetes, NAMESPACE, pod, deadline=Deadline.after(4))
        finally:
            thread.join()
            endpoint.listen()
            delete_pod(kubernetes, NAMESPACE, pod)
    message = caught.value.message
    assert f"timed out after 4 s waiting for pod {NAMESPACE}/{pod} to end; last state: " in message
    assert "the Kubernetes API has not answered for " in message
    assert message.endswith(" s: connection refused")


@pytest.mark.parametrize("code", [400, 403, 404, 405, 409, 410, 422, 500, 501])
@pytest.mark.parametrize("method", ["read", "write"])
def test_final_answers_are_final(
    kubernetes: KubernetesClient, endpoint: UnreliableEndpoint, code: int, method: str
) -> None:
    """One attempt, and the server's words."""
    core = kubernetes.core
    body = {"metadata": {"name": "one"}}
    asked: dict[str, Callable[[], object]] = {
        "read": lambda: core.read_namespaced_pod("one", NAMESPACE),
        "write": lambda: core.create_namespaced_config_map(NAMESPACE, body),
    }
    with (
        endpoint.every_first(status(code, "as it pleases me")),
        pytest.raises(KubeflowError, match=f"Kubernetes answers {code}: as it pleases me"),
        calling("ask"),
    ):
        asked[method]()
    assert list(endpoint.attempts.values()) == [1]


def test_a_quota_that_was_counted_at_the_same_time(
    kubernetes: KubernetesClient, endpoint: UnreliableEndpoint
) -> None:
    """A conflict that is not about the object: asked again."""
    name = name_of("map")

    def conflict(exchange: Exchange) -> None:
        found = (
            b'{"kind": "Status", "status": "Failure", "code": 409, "reason": "Conflict", "message":'
            b' "Operation cannot be fulfilled on resourcequotas \\"q\\": the object has been'
            b' modified", "details": {"name": "q", "kind": "resourcequotas"}}'
        )
        exchange.deliver((409, {"Content-Type": "application/json"}, found))

    with endpoint.every_first(conflict):
        made = kubernetes.core.create_namespaced_config_map(NAMESPACE, {"metadata": {"name": name}})
    assert made.metadata.name == name
    kubernetes.core.delete_namespaced_config_map(name, NAMESPACE)


def test_an_object_of_others_is_not_ours(
    kubernetes: KubernetesClient, endpoint: UnreliableEndpoint
) -> None:
    """A create whose answer was lost finds a namesake: that is refused, as ever."""
    name = name_of("map")
    core = kubernetes.core
    core.create_namespaced_config_map(NAMESPACE, {"metadata": {"name": name}})
    body = {"metadata": {"name": name, "labels": OWN.labels()}}
    with (
        endpoint.every_first(FAULTS["the answer is lost"]),
        pytest.raises(KubeflowError, match="already exists"),
        calling("create"),
    ):
        core.create_namespaced_config_map(NAMESPACE, body)
    core.delete_namespaced_config_map(name, NAMESPACE)


def test_an_api_that_is_gone_for_good(endpoint: UnreliableEndpoint) -> None:
    """The first call waits as long as the policy says, and those after it do not."""
    kubernetes = KubernetesClient(endpoint.kubeconfig)
    kubernetes.retry_policy = kubernetes_policy(1.5)
    endpoint.refuse()
    try:
        with pytest.raises(ClusterUnreachable, match=r"has not answered for \d s: connection ref"):
            require_namespace(kubernetes, NAMESPACE)
        with pytest.raises(ClusterUnreachable, match="does not answer: connection refused"):
            require_namespace(kubernetes, NAMESPACE)
    finally:
        endpoint.listen()
    require_namespace(kubernetes, NAMESPACE)
    kubernetes.close()


def test_a_caller_without_time_gets_one_attempt(
    kubernetes: KubernetesClient, endpoint: UnreliableEndpoint
) -> None:
    with (
        endpoint.every_first(status(503, "no healthy upstream")),
        bounded_by(Deadline.after(0)),
        pytest.raises(ClusterUnreachable, match="it answers 503: no healthy upstream"),
    ):
        require_namespace(kubernetes, NAMESPACE)
    assert list(endpoint.attempts.values()) == [1]


def test_roles_that_are_not_loaded_yet(
    kubernetes: KubernetesClient, endpoint: UnreliableEndpoint
) -> None:
    """An API server that has just started refuses for a moment what it allows."""
    refusals = iter([status(503, "starting"), status(403, 'RBAC: role "r" not found'), None])

    def fault_for(method: str, path: str) -> Fault | None:
        endpoint.attempts[method, path] += 1
        return next(refusals)

    before, endpoint.server.fault_for = endpoint.server.fault_for, fault_for  # type: ignore[method-assign]
    endpoint.attempts.clear()
    try:
        require_namespace(kubernetes, NAMESPACE)
    finally:
        endpoint.server.fault_for = before  # type: ignore[method-assign]
    assert list(endpoint.attempts.values()) == [3]


def test_another_identity_has_the_same_policy(
    kubernetes: KubernetesClient, endpoint: UnreliableEndpoint
) -> None:
    issued = TokenRequest(
        kubernetes,
        namespace=NAMESPACE,
        account="default-editor",
        audience=None,
        redactor=Redactor(),
    ).headers()["Authorization"]
    other = kubernetes.with_token(Secret(issued.removeprefix("Bearer ")))
    with endpoint.every_first(FAULTS["503"]):
        require_namespace(other, NAMESPACE)
    other.close()


@pytest.mark.parametrize(
    ("host", "message"),
    [
        ("http://nobody.invalid", "name"),
        ("https://127.0.0.1:{port}", "SSL|TLS|wrong version|record layer"),
    ],
)
def test_what_only_people_can_mend(
    endpoint: UnreliableEndpoint, tmp_path: Path, host: str, message: str
) -> None:
    """No second attempt: the policy's two minutes would be the test's end."""
    text = endpoint.kubeconfig.read_text().replace(
        f"http://127.0.0.1:{endpoint.port}", host.format(port=endpoint.port)
    )
    (tmp_path / "config").write_text(text)
    kubernetes = KubernetesClient(tmp_path / "config")
    attempts: list[str] = []
    connection = kubernetes.api_client.rest_client
    send = connection.request

    def request(method: str, *args: Any, **kwargs: Any) -> Any:
        attempts.append(method)
        return send(method, *args, **kwargs)

    connection.request = request
    with pytest.raises((ClusterUnreachable, KubeflowError), match=f"(?i){message}"):
        require_namespace(kubernetes, NAMESPACE)
    assert attempts == ["GET"]
    kubernetes.close()


def test_refusals_without_an_outage(
    kubernetes: KubernetesClient, endpoint: UnreliableEndpoint
) -> None:
    with endpoint.every_first(status(403, "not you")), pytest.raises(PermissionDenied):
        kubernetes.may("get", "pods")
    with endpoint.every_first(status(404, "not there")), pytest.raises(NotFound):
        read_log(kubernetes, NAMESPACE, "nobody")
    assert list(endpoint.attempts.values()) == [1]
