"""PodSecurity: a namespace that enforces a level refuses pods that ask for the node.

The expected texts are those of Kubernetes 1.34 for the same pods.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from tests.local.apiserver.conftest import Manifest

LABEL = "pod-security.kubernetes.io/enforce"
WARN = "pod-security.kubernetes.io/warn"
HOST = {"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}
FINE: dict[str, Any] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
SPEC = "securityContext"


def container(name: str = "main", **security: Any) -> dict[str, Any]:
    return {"name": name, "image": "busybox", SPEC: security}


def spec(*containers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"containers": list(containers) or [container()], **more}


def two(first: dict[str, Any], second: dict[str, Any], **more: Any) -> dict[str, Any]:
    return spec(container("m", **second), initContainers=[container("i", **first)], **more)


def without(field: str) -> dict[str, Any]:
    return {key: value for key, value in FINE.items() if key != field}


BASELINE = {
    "many": (
        spec(
            {
                **container(
                    privileged=True, capabilities={"add": ["SYS_ADMIN", "NET_RAW", "CHOWN"]}
                ),
                "ports": [{"containerPort": 80, "hostPort": 80}],
            },
            hostNetwork=True,
            hostPID=True,
            volumes=[
                {"name": "b", "hostPath": {"path": "/"}},
                {"name": "a", "hostPath": {"path": "/x"}},
            ],
        ),
        'non-default capabilities (container "main" must not include "NET_RAW", "SYS_ADMIN" in '
        "securityContext.capabilities.add), host namespaces (hostNetwork=true, hostPID=true), "
        'hostPath volumes (volumes "b", "a"), hostPort (container "main" uses hostPort 80), '
        'privileged (container "main" must not set securityContext.privileged=true)',
    ),
    "two": (
        two(
            {"privileged": True, "capabilities": {"add": ["NET_ADMIN"]}},
            {"privileged": True, "capabilities": {"add": ["SYS_TIME"]}},
        ),
        'non-default capabilities (containers "i", "m" must not include "NET_ADMIN", "SYS_TIME" in '
        'securityContext.capabilities.add), privileged (containers "i", "m" must not set '
        "securityContext.privileged=true)",
    ),
    "apparmor": (
        two(
            {"appArmorProfile": {"type": "Unconfined"}},
            {},
            securityContext={"appArmorProfile": {"type": "Unconfined"}},
        ),
        'forbidden AppArmor profile (pod and container "i" must not set AppArmor profile type to '
        '"Unconfined")',
    ),
    "probes": (
        spec(
            {
                **container(),
                "livenessProbe": {"httpGet": {"host": "1.2.3.4", "port": 80, "path": "/"}},
                "lifecycle": {"postStart": {"tcpSocket": {"host": "a", "port": 1}}},
            }
        ),
        'probe or lifecycle host (container "main" uses probe or lifecycle hosts "1.2.3.4", "a")',
    ),
    "proc": (
        spec(container(procMount="Unmasked"), hostUsers=False),
        'procMount (container "main" must not set securityContext.procMount to "Unmasked")',
    ),
    "selinux": (
        two(
            {"seLinuxOptions": {"type": "spc_t"}},
            {"seLinuxOptions": {"type": "a_t", "user": "z"}},
            securityContext={"seLinuxOptions": {"role": "r"}},
        ),
        'seLinuxOptions (pod and containers "i", "m" set forbidden securityContext.seLinuxOptions: '
        'types "a_t", "spc_t"; user may not be set; role may not be set)',
    ),
    "sysctls": (
        spec(
            securityContext={
                "sysctls": [{"name": "kernel.msgmax", "value": "1"}],
                "seccompProfile": {"type": "Unconfined"},
            }
        ),
        'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined"), '
        "forbidden sysctls (kernel.msgmax)",
    ),
    "windows": (
        spec(hostNetwork=True, securityContext={"windowsOptions": {"hostProcess": True}}),
        "host namespaces (hostNetwork=true), hostProcess (pod must not set "
        "securityContext.windowsOptions.hostProcess=true)",
    ),
}
RESTRICTED = {
    "nothing": (
        two({}, {}),
        'allowPrivilegeEscalation != false (containers "i", "m" must set '
        'securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (containers "i"'
        ', "m" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or '
        'containers "i", "m" must set securityContext.runAsNonRoot=true), seccompProfile (pod or '
        'containers "i", "m" must set securityContext.seccompProfile.type to "RuntimeDefault" or '
        '"Localhost")',
    ),
    "capabilities": (
        two(
            {**FINE, "capabilities": {"add": ["CHOWN", "SYS_ADMIN"]}},
            {**FINE, "capabilities": {"drop": ["ALL"], "add": ["SYS_TIME"]}},
        ),
        'unrestricted capabilities (container "i" must set securityContext.capabilities.drop='
        '["ALL"]; containers "i", "m" must not include "CHOWN", "SYS_ADMIN", "SYS_TIME" in '
        "securityContext.capabilities.add)",
    ),
    "volumes": (
        spec(
            container(**FINE),
            volumes=[
                {"name": "x", "hostPath": {"path": "/"}},
                {"name": "y", "nfs": {"path": "/", "server": "x"}},
                {"name": "z", "emptyDir": {}},
            ],
        ),
        'restricted volume types (volumes "x", "y" use restricted volume types "hostPath", "nfs")',
    ),
    "root": (
        two({**FINE, "runAsUser": 0}, FINE, securityContext={"runAsUser": 0}),
        'runAsUser=0 (pod and container "i" must not set runAsUser=0)',
    ),
    "non-root": (
        two(
            {**FINE, "runAsNonRoot": False},
            without("runAsNonRoot"),
            securityContext={"runAsNonRoot": False},
        ),
        'runAsNonRoot != true (pod and container "i" must not set '
        "securityContext.runAsNonRoot=false)",
    ),
    "seccomp": (
        two(
            without("seccompProfile"),
            FINE,
            securityContext={"seccompProfile": {"type": "Unconfined"}},
        ),
        'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    ),
}


def refused(core: client.CoreV1Api, namespace: str, pod: Any) -> str:
    with pytest.raises(ApiException) as caught:
        core.create_namespaced_pod(namespace, pod)
    assert caught.value.status == 403
    message: str = json.loads(caught.value.body)["message"]
    return message.removeprefix(f'pods "{pod["metadata"]["name"]}" is forbidden: ')


@pytest.mark.parametrize(
    ("level", "wanted", "complaint"),
    [
        *(pytest.param("baseline", *case, id=name) for name, case in BASELINE.items()),
        *(pytest.param("restricted", *case, id=name) for name, case in RESTRICTED.items()),
    ],
)
def test_all_that_is_wrong_is_named(
    core: client.CoreV1Api, namespace: str, level: str, wanted: Any, complaint: str
) -> None:
    core.patch_namespace(namespace, {"metadata": {"labels": {LABEL: level}}})
    said = refused(core, namespace, {"metadata": {"name": "p"}, "spec": wanted})
    assert said == f'violates PodSecurity "{level}:latest": {complaint}'


def test_what_a_level_allows_is_taken(core: client.CoreV1Api, namespace: str) -> None:
    core.patch_namespace(namespace, {"metadata": {"labels": {LABEL: "restricted"}}})
    core.create_namespaced_pod(
        namespace, {"metadata": {"name": "p"}, "spec": spec(container(**FINE))}
    )


@pytest.mark.parametrize("level", [None, "privileged"])
def test_other_namespaces_ask_for_nothing(
    core: client.CoreV1Api, namespace: str, pod: Manifest, level: str | None
) -> None:
    core.patch_namespace(namespace, {"metadata": {"labels": {LABEL: level}}})
    core.create_namespaced_pod(namespace, pod(**HOST))


def test_authors_of_templates_are_warned(api: Any, core: client.CoreV1Api, namespace: str) -> None:
    """Deployments are taken, and their pods are not; so is a pod of a level that is warned of."""
    labels = {LABEL: "baseline", f"{LABEL}-version": "v1.30"}
    core.patch_namespace(namespace, {"metadata": {"labels": labels}})
    deployment = {
        "metadata": {"name": "d"},
        "spec": {
            "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": {**spec(), **HOST}},
        },
    }
    apps = client.AppsV1Api(api)
    _, status, headers = apps.create_namespaced_deployment_with_http_info(namespace, deployment)
    message = 'would violate PodSecurity \\"baseline:v1.30\\": hostPath volumes (volume \\"v\\")'
    assert (status, headers["warning"]) == (201, f'299 - "{message}"')
    core.patch_namespace(namespace, {"metadata": {"labels": {LABEL: None, WARN: "baseline"}}})
    _, status, headers = core.create_namespaced_pod_with_http_info(
        namespace, {"metadata": {"name": "p"}, "spec": {**spec(), **HOST}}
    )
    assert status == 201
    assert headers["warning"] == f'299 - "{message.replace("v1.30", "latest")}"'


@pytest.mark.parametrize("broken", [7, {"jobTemplate": []}, None])
def test_templates_that_are_none_are_no_error_of_the_server(
    api: Any, core: client.CoreV1Api, namespace: str, broken: Any
) -> None:
    core.patch_namespace(namespace, {"metadata": {"labels": {WARN: "baseline"}}})
    body = {"metadata": {"name": "c"}, "spec": broken}
    try:
        made = client.BatchV1Api(api).create_namespaced_cron_job(
            namespace, body, _preload_content=False
        )
        status = made.status
    except ApiException as error:
        status = error.status
    assert status < 500


def test_a_level_that_is_none_is_refused(core: client.CoreV1Api, namespace: str) -> None:
    labels = {LABEL: "nosuch", f"{LABEL}-version": "q"}
    with pytest.raises(ApiException) as caught:
        core.patch_namespace(namespace, {"metadata": {"labels": labels}})
    assert caught.value.status == 422
    assert json.loads(caught.value.body)["message"] == (
        f'Namespace "{namespace}" is invalid: [metadata.labels[{LABEL}]: Invalid value: "nosuch": '
        f"must be one of privileged, baseline, restricted, metadata.labels[{LABEL}-version]: "
        'Invalid value: "q": must be "latest" or "v1.x"]'
    )
