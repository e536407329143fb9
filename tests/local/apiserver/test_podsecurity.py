"""PodSecurity: a namespace that enforces a level refuses pods that ask for the node."""

import json
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from tests.local.apiserver.conftest import Manifest

LABEL = "pod-security.kubernetes.io/enforce"
HOST = {"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}
ASKING: dict[str, Any] = {
    "hostNetwork": True,
    "hostPID": True,
    "volumes": [{"name": "a", "hostPath": {"path": "/"}}, {"name": "b", "hostPath": {"path": "/"}}],
    "containers": [
        {
            "name": "main",
            "image": "busybox",
            "ports": [{"containerPort": 80, "hostPort": 80}],
            "securityContext": {
                "privileged": True,
                "capabilities": {"add": ["SYS_ADMIN", "CHOWN"]},
            },
        }
    ],
}


def refused(core: client.CoreV1Api, namespace: str, pod: Any) -> str:
    with pytest.raises(ApiException) as caught:
        core.create_namespaced_pod(namespace, pod)
    assert caught.value.status == 403
    message: str = json.loads(caught.value.body)["message"]
    return message


@pytest.mark.parametrize("level", ["baseline", "restricted"])
def test_host_paths_are_refused(
    core: client.CoreV1Api, namespace: str, pod: Manifest, level: str
) -> None:
    core.patch_namespace(namespace, {"metadata": {"labels": {LABEL: level}}})
    wanted = pod(**HOST)
    assert refused(core, namespace, wanted) == (
        f'pods "p" is forbidden: violates PodSecurity "{level}:latest": '
        'hostPath volumes (volume "v")'
    )


def test_all_that_is_wrong_is_named(core: client.CoreV1Api, namespace: str, pod: Manifest) -> None:
    core.patch_namespace(namespace, {"metadata": {"labels": {LABEL: "baseline"}}})
    assert refused(core, namespace, pod(**ASKING)) == (
        'pods "p" is forbidden: violates PodSecurity "baseline:latest": '
        'non-default capabilities (container "main" must not include "SYS_ADMIN" in '
        "securityContext.capabilities.add), host namespaces (hostNetwork=true, hostPID=true), "
        'hostPath volumes (volumes "a", "b"), hostPort (container "main" uses hostPort 80), '
        'privileged (container "main" must not set securityContext.privileged=true)'
    )


@pytest.mark.parametrize("level", [None, "privileged"])
def test_other_namespaces_ask_for_nothing(
    core: client.CoreV1Api, namespace: str, pod: Manifest, level: str | None
) -> None:
    core.patch_namespace(namespace, {"metadata": {"labels": {LABEL: level}}})
    core.create_namespaced_pod(namespace, pod(**HOST))
