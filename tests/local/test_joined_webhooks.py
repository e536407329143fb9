"""The webhooks of an embedded Kubeflow that joins an API server: registered, asked, and gone."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client import AdmissionregistrationV1Api
from kubernetes.client.exceptions import ApiException

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.local import bootstrap
from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import KubeClient, load_kubeconfig
from pytest_kubeflow.local.webhooks import joined
from pytest_kubeflow.local.webhooks.joined import JoinedWebhooks
from pytest_kubeflow.local.webhooks.programs import webhook_programs
from tests.local.components import api_server
from tests.local.webapps.conftest import eventually

_PROFILE = "kubeflow-user-example-com"
_ACCOUNT = "default-editor"  # made by the controller of profiles
_VIEWERS = ("kubeflow.org", "v1alpha1", _PROFILE, "pvcviewers")
_DEFAULTS = ("kubeflow.org", "v1alpha1", _PROFILE, "poddefaults")
_MUTATING = {
    "defaulter.trainer.kubeflow.org",
    "jobset-mutating-webhook-configuration",
    "katib.kubeflow.org",
    "poddefaults-webhook-mutating-webhook-configuration",
    "pvcviewer-mutating-webhook-configuration",
}
_VALIDATING = {
    "inferenceservice.serving.kserve.io",
    "jobset-validating-webhook-configuration",
    "katib.kubeflow.org",
    "pvcviewer-validating-webhook-configuration",
    "validator.trainer.kubeflow.org",
}


@pytest.fixture(scope="module")
def kubeconfig() -> Iterator[Path]:
    """That of an API server with nothing beside it: no controllers, no scheduler."""
    with api_server() as kubeconfig:
        yield kubeconfig


@pytest.fixture(scope="module")
def kubernetes(kubeconfig: Path) -> Iterator[KubernetesClient]:
    client = KubernetesClient(kubeconfig)
    yield client
    client.close()


@pytest.fixture(scope="module")
def registered(kubernetes: KubernetesClient) -> AdmissionregistrationV1Api:
    return AdmissionregistrationV1Api(kubernetes.core.api_client)


def names(registered: AdmissionregistrationV1Api) -> tuple[set[str], set[str]]:
    """Of those that change and of those that judge."""
    found = (
        registered.list_mutating_webhook_configuration(),
        registered.list_validating_webhook_configuration(),
    )
    mutating, validating = ({one.metadata.name for one in listed.items} for listed in found)
    return mutating, validating


def test_they_are_asked_while_it_runs_and_gone_afterwards_even_after_a_kill(
    kubeconfig: Path, kubernetes: KubernetesClient, registered: AdmissionregistrationV1Api
) -> None:
    with LocalKubeflow(kubeconfig=kubeconfig, start_timeout=120) as killed:
        assert killed.pid is not None
        os.kill(killed.pid, signal.SIGKILL)
    assert names(registered) == (_MUTATING, _VALIDATING)
    with LocalKubeflow(kubeconfig=kubeconfig, start_timeout=120):
        eventually(lambda: _ACCOUNT in accounts(kubernetes))
        env = [{"name": "TOLD", "value": "yes"}]
        default = {
            "apiVersion": "kubeflow.org/v1alpha1",
            "kind": "PodDefault",
            "metadata": {"name": "told"},
            "spec": {"selector": {"matchLabels": {"told": "true"}}, "env": env},
        }
        kubernetes.custom.create_namespaced_custom_object(*_DEFAULTS, default)
        assert said(kubernetes, {"told": "true"}) == ["yes"]
        assert said(kubernetes, {}) == []
        made = kubernetes.custom.create_namespaced_custom_object(
            *_VIEWERS, viewer("data"), dry_run="All"
        )
        assert made["spec"]["podSpec"]["volumes"]
        with pytest.raises(ApiException, match="PVC name must be specified") as refused:
            kubernetes.custom.create_namespaced_custom_object(*_VIEWERS, viewer(""))
        assert refused.value.status == 403
    assert names(registered) == (set(), set())


def accounts(kubernetes: KubernetesClient) -> list[str]:
    listed = kubernetes.core.list_namespaced_service_account(_PROFILE).items
    return [one.metadata.name for one in listed]


def viewer(claim: str) -> dict[str, Any]:
    return {
        "apiVersion": "kubeflow.org/v1alpha1",
        "kind": "PVCViewer",
        "metadata": {"name": "probe"},
        "spec": {"pvc": claim},
    }


def said(kubernetes: KubernetesClient, labels: dict[str, str]) -> list[str]:
    """What the PodDefault has given to a pod with these labels, which is not kept."""
    container = {"name": "main", "image": "x"}
    spec = {"containers": [container], "serviceAccountName": _ACCOUNT}
    pod = {"metadata": {"name": "asks", "labels": labels}, "spec": spec}
    made = kubernetes.core.create_namespaced_pod(_PROFILE, pod, dry_run="All")
    return [one.value for one in made.spec.containers[0].env or ()]


def test_those_of_another_kubeflow_are_left_alone(
    kubeconfig: Path, registered: AdmissionregistrationV1Api
) -> None:
    name = "katib.kubeflow.org"
    registered.create_validating_webhook_configuration(
        {"metadata": {"name": name, "labels": {"app.kubernetes.io/managed-by": "kustomize"}}}
    )
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest_kubeflow.local", "--kubeconfig", str(kubeconfig)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert line.startswith(f"ValidatingWebhookConfiguration {name} is in the cluster already")
        assert names(registered) == (set(), {name})
    finally:
        registered.delete_validating_webhook_configuration(name)


def test_an_api_server_that_does_not_reach_them_is_told_and_asks_nobody(
    kubeconfig: Path,
    registered: AdmissionregistrationV1Api,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As one does that runs in a container: `localhost` is itself there."""
    monkeypatch.setattr(joined, "_HOST", "elsewhere.invalid")

    async def join() -> None:
        async with KubeClient(load_kubeconfig(kubeconfig, None)) as client:
            await bootstrap.apply(client, bootstrap.manifests("platform", "pvcviewers"))
            programs = list(
                webhook_programs(Faults([]), multi_user=True, katib=None, training=None)
            )
            webhooks = JoinedWebhooks(
                client, programs, directory=tmp_path / "webhooks", namespace="kubeflow"
            )
            await webhooks.start()
            assert names(registered) == (set(), set())
            await webhooks.stop()

    asyncio.run(join())
    (found,) = [one for one in caplog.messages if one.startswith("no webhooks: ")]
    assert "the API server does not reach elsewhere.invalid" in found
    assert "failed calling webhook" in found
