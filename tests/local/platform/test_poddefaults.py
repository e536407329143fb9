"""PodDefaults of profiles reach their pods, by the webhook that the API server asks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from pytest_kubeflow.k8s.client import KubernetesClient
from tests.cluster.remote import wait_until

NAMESPACE, OTHER = "kubeflow-user-example-com", "kubeflow-other-example-com"
WHERE = ("kubeflow.org", "v1alpha1", NAMESPACE, "poddefaults")
MARK = "poddefault.admission.kubeflow.org"
DENIED = 'admission webhook "poddefaults-webhook-deployment.kubeflow.org" denied the request: '


@contextmanager
def pod_default(kubernetes: KubernetesClient, name: str, **spec: Any) -> Iterator[dict[str, Any]]:
    """One for pods with the label of its name."""
    api = client.CustomObjectsApi(kubernetes.core.api_client)
    body = {
        "apiVersion": "kubeflow.org/v1alpha1",
        "kind": "PodDefault",
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": {name: "true"}}, **spec},
    }
    try:
        yield api.create_namespaced_custom_object(*WHERE, body)
    finally:
        api.delete_namespaced_custom_object(*WHERE, name)


def made(
    kubernetes: KubernetesClient,
    *names: str,
    namespace: str = NAMESPACE,
    annotations: dict[str, str] | None = None,
    **container: Any,
) -> Any:
    """The pod that is made of one with labels of these names; nothing is kept."""
    metadata = {
        "name": "p",
        "labels": dict.fromkeys(names, "true"),
        "annotations": annotations or {},
    }
    containers = [{"name": "main", "image": "busybox:1", **container}]
    body = {"metadata": metadata, "spec": {"containers": containers}}
    return kubernetes.core.create_namespaced_pod(namespace, body, dry_run="All")


def env_of(pod: Any) -> dict[str, str]:
    return {one.name: one.value for one in pod.spec.containers[0].env or []}


def test_a_labelled_pod_has_it_and_no_other_has(kubernetes: KubernetesClient) -> None:
    env = [{"name": "A", "value": "1"}]
    with pod_default(kubernetes, "one", env=env) as created:
        pod = made(kubernetes, "one")
        assert env_of(pod) == {"A": "1"}
        version = created["metadata"]["resourceVersion"]
        assert pod.metadata.annotations[f"{MARK}/poddefault-one"] == version
        assert env_of(made(kubernetes)) == {}
        assert env_of(made(kubernetes, "one", namespace=OTHER)) == {}
        assert env_of(made(kubernetes, "one", namespace="default")) == {}
        assert env_of(made(kubernetes, "one", annotations={f"{MARK}/exclude": "true"})) == {}


def test_two_that_differ_are_refused_and_two_that_agree_are_not(
    kubernetes: KubernetesClient,
) -> None:
    first, second = ([{"name": "A", "value": value}] for value in "12")
    with (
        pod_default(kubernetes, "first", env=first),
        pod_default(kubernetes, "same", env=first),
        pod_default(kubernetes, "second", env=second),
    ):
        assert env_of(made(kubernetes, "first", "same")) == {"A": "1"}
        with pytest.raises(ApiException) as refused:
            made(kubernetes, "first", "second")
        message = json.loads(refused.value.body)["message"]
    assert refused.value.status == 400
    assert message == (
        f"{DENIED}conflict occurred while applying poddefaults: first,second on pod: p err: "
        "merging env for second has a conflict on A: \n"
        'v1.EnvVar{Name:"A", Value:"2", ValueFrom:(*v1.EnvVarSource)(nil)}\n'
        "does not match\n"
        'v1.EnvVar{Name:"A", Value:"1", ValueFrom:(*v1.EnvVarSource)(nil)}\n'
        " in container"
    )


def test_a_pod_gets_the_token_for_pipelines_and_another_account(
    kubernetes: KubernetesClient,
) -> None:
    token = {"path": "token", "expirationSeconds": 7200, "audience": "pipelines.kubeflow.org"}
    volume = {"name": "token", "projected": {"sources": [{"serviceAccountToken": token}]}}
    mount = {"name": "token", "mountPath": "/var/run/secrets/kubeflow/pipelines"}
    with pod_default(
        kubernetes,
        "token",
        volumes=[volume],
        volumeMounts=[{**mount, "readOnly": True}],
        serviceAccountName="default-editor",
    ):
        pod = made(kubernetes, "token")
    assert pod.spec.service_account_name == "default-editor"
    found = next(one for one in pod.spec.volumes if one.name == "token")
    assert found.projected.sources[0].service_account_token.audience == "pipelines.kubeflow.org"
    assert found.projected.default_mode == 0o644
    paths = {one.mount_path for one in pod.spec.containers[0].volume_mounts}
    assert "/var/run/secrets/kubeflow/pipelines" in paths


def test_without_the_webhook_no_pod_of_a_profile_can_be_made(
    kubernetes: KubernetesClient,
) -> None:
    name = "poddefaults-webhook-deployment"

    def scale(replicas: int) -> None:
        spec = {"spec": {"replicas": replicas}}
        kubernetes.apps.patch_namespaced_deployment(name, "kubeflow", spec)

    def told() -> str:
        try:
            made(kubernetes)
        except ApiException as error:
            return str(json.loads(error.body)["message"])
        return ""

    assert told() == ""
    scale(0)
    try:
        message = wait_until(told)
        assert message.startswith(
            "Internal error occurred: failed calling webhook "
            '"poddefaults-webhook-deployment.kubeflow.org": failed to call webhook: '
            'Post "https://poddefaults-webhook-service.kubeflow.svc:443/apply-poddefault?'
        )
        made(kubernetes, namespace="default")
    finally:
        scale(1)
    wait_until(lambda: not told())


def test_pods_of_workloads_have_it_too(kubernetes: KubernetesClient) -> None:
    """A StatefulSet tells why it has no pod, and has one when the reason is gone."""
    labels = {"app": "set", "one": "true", "two": "true"}
    containers = [{"name": "main", "image": "busybox:1", "command": ["sleep", "60"]}]
    body = {
        "metadata": {"name": "set"},
        "spec": {
            "serviceName": "set",
            "selector": {"matchLabels": {"app": "set"}},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
        },
    }
    first, second = ([{"name": "A", "value": value}] for value in "12")

    def refusals() -> list[str]:
        events = kubernetes.core.list_namespaced_event(
            NAMESPACE, field_selector="involvedObject.name=set,reason=FailedCreate"
        )
        return [one.message for one in events.items]

    def members() -> list[Any]:
        listed = kubernetes.core.list_namespaced_pod(NAMESPACE, label_selector="app=set")
        return list(listed.items)

    with pod_default(kubernetes, "one", env=first):
        with pod_default(kubernetes, "two", env=second):
            kubernetes.apps.create_namespaced_stateful_set(NAMESPACE, body)
            (message,) = wait_until(refusals)
            assert message.startswith(
                f"create Pod set-0 in StatefulSet set failed error: {DENIED}conflict occurred "
                "while applying poddefaults: one,two on pod: set-0 err: "
            )
        try:
            (pod,) = wait_until(members)
            assert env_of(pod) == {"A": "1"}
        finally:
            kubernetes.apps.delete_namespaced_stateful_set("set", NAMESPACE)
            wait_until(lambda: not members() or gone(kubernetes))


def gone(kubernetes: KubernetesClient) -> bool:
    """Whether the pod was gone before it was deleted here."""
    try:
        kubernetes.core.delete_namespaced_pod("set-0", NAMESPACE, grace_period_seconds=0)
    except ApiException as error:
        if error.status != 404:
            raise
        return True
    return False
