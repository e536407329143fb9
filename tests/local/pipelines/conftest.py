"""One embedded cluster for all tests here; each makes its own experiments, pipelines and runs."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from pytest_kubeflow.local.cluster import Endpoints, LocalKubeflow
from pytest_kubeflow.waiting import Deadline, wait_until
from tests.local.pipelines.member import SECONDS, Member, name


@pytest.fixture(scope="package")
def cluster() -> Iterator[Endpoints]:
    with LocalKubeflow() as cluster:
        yield cluster.endpoints


@pytest.fixture(scope="package")
def administrator(cluster: Endpoints) -> Iterator[Any]:
    """An ApiClient of Kubernetes that may do everything."""
    from kubernetes import config

    api = config.new_client_from_config(str(cluster.kubeconfig))
    yield api
    api.close()


def client_class() -> Any:
    import kfp

    class Client(kfp.Client):  # type: ignore[misc]  # the base class has no types
        """kfp.Client that does not read the user's files."""

        def _load_context_setting_or_default(self) -> None:
            self._context_setting = {"namespace": ""}

    return Client


def make_member(cluster: Endpoints, administrator: Any, namespace: str) -> Member:
    """The member that a namespace's `default-editor` is."""
    from kubernetes import client

    core = client.CoreV1Api(administrator)
    wanted = {"spec": {"expirationSeconds": 3600}}
    answer = core.create_namespaced_service_account_token("default-editor", namespace, wanted)
    token = answer.status.token
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token}"
    with warnings.catch_warnings():
        # It warns that servers before 2.0 are not supported, each time.
        warnings.simplefilter("ignore", FutureWarning)
        kfp = client_class()(
            host=f"{cluster.host}/pipeline", existing_token=token, namespace=namespace
        )
    return Member(cluster.host, namespace, kfp, session, core)


@pytest.fixture(scope="package")
def member_of(cluster: Endpoints, administrator: Any) -> Callable[[str], Member]:
    """Makes the member that a namespace's `default-editor` is."""
    return lambda namespace: make_member(cluster, administrator, namespace)


@pytest.fixture(scope="package")
def member(cluster: Endpoints, member_of: Callable[[str], Member]) -> Member:
    """Who owns the namespace that every embedded cluster has."""
    return member_of(cluster.namespace)


@pytest.fixture(scope="package")
def stranger(administrator: Any, member_of: Callable[[str], Member]) -> Member:
    """Somebody with a namespace of their own, and no rights elsewhere."""
    from kubernetes import client

    namespace = name("team")
    profile = {
        "apiVersion": "kubeflow.org/v1",
        "kind": "Profile",
        "metadata": {"name": namespace},
        "spec": {"owner": {"kind": "User", "name": f"{namespace}@example.com"}},
    }
    client.CustomObjectsApi(administrator).create_cluster_custom_object(
        "kubeflow.org", "v1", "profiles", profile
    )
    rbac = client.RbacAuthorizationV1Api(administrator)

    def bound() -> list[str]:
        return [one.metadata.name for one in rbac.list_namespaced_role_binding(namespace).items]

    wait_until(
        bound,
        lambda names: "default-editor" in names,
        deadline=Deadline.after(SECONDS),
        what=f"the profile {namespace}",
    )
    return member_of(namespace)


@pytest.fixture
def experiment(member: Member) -> str:
    """The id of a new experiment."""
    made = member.kfp.create_experiment(name("e"), namespace=member.namespace)
    return str(made.experiment_id)
