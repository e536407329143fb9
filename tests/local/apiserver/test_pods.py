"""Pods: defaults, rules, binding, graceful deletion, eviction, tokens, logs."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from pytest_kubeflow.local.httpd import HttpServer
from tests.local.apiserver.conftest import Manifest, Served


def bind(core: client.CoreV1Api, namespace: str, name: str, node: str) -> None:
    core.create_namespaced_pod_binding(
        name,
        namespace,
        {"metadata": {"name": name}, "target": {"kind": "Node", "name": node}},
        _preload_content=False,
    )


def test_a_pod_gets_its_defaults(core: client.CoreV1Api, namespace: str, pod: Manifest) -> None:
    made = core.create_namespaced_pod(namespace, pod())
    spec, container = made.spec, made.spec.containers[0]
    assert made.status.phase == "Pending"
    assert made.status.qos_class == "BestEffort"
    assert spec.restart_policy == "Always"
    assert spec.service_account_name == "default"
    assert spec.scheduler_name == "default-scheduler"
    assert spec.termination_grace_period_seconds == 30
    assert container.image_pull_policy == "IfNotPresent"
    assert container.termination_message_path == "/dev/termination-log"
    volume = spec.volumes[0]
    assert volume.name.startswith("kube-api-access-")
    kinds = [
        source.service_account_token or source.config_map or source.downward_api
        for source in volume.projected.sources
    ]
    assert kinds[0].path == "token"
    assert kinds[1].name == "kube-root-ca.crt"
    mount = container.volume_mounts[0]
    assert mount.mount_path == "/var/run/secrets/kubernetes.io/serviceaccount"
    assert mount.read_only is True


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"containers": []}, "spec.containers: Required value"),
        (
            {"containers": [{"name": "main"}]},
            "spec.containers[0].image: Required value",
        ),
        (
            {"containers": [{"name": "Main_1", "image": "x"}]},
            'spec.containers[0].name: Invalid value: "Main_1": a lowercase RFC 1123 label must '
            "consist of lower case alphanumeric characters or '-', and must start and end with an "
            "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
            "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
        ),
        (
            {
                "containers": [
                    {
                        "name": "main",
                        "image": "x",
                        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
                    }
                ]
            },
            'spec.containers[0].volumeMounts[0].name: Not found: "data"',
        ),
        (
            {
                "containers": [
                    {"name": "main", "image": "x", "resources": {"limits": {"cpu": "-1"}}}
                ]
            },
            'spec.containers[0].resources.limits[cpu]: Invalid value: "-1": must be greater than '
            "or equal to 0",
        ),
        (
            {"restartPolicy": "Sometimes"},
            'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", '
            '"OnFailure", "Never"',
        ),
        (
            {"volumes": [{"name": "a"}, {"name": "a"}]},
            'spec.volumes[1].name: Duplicate value: "a"',
        ),
        (
            {
                "containers": [
                    {
                        "name": "main",
                        "image": "x",
                        "resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}},
                    }
                ]
            },
            'spec.containers[0].resources.requests: Invalid value: "2": must be less than or '
            "equal to cpu limit of 1",
        ),
        (
            {
                "containers": [
                    {
                        "name": "main",
                        "image": "x",
                        "resources": {"limits": {"nvidia.com/gpu": "500m"}},
                    }
                ]
            },
            'spec.containers[0].resources.limits[nvidia.com/gpu]: Invalid value: "500m": must be '
            "an integer",
        ),
    ],
)
def test_a_pod_that_cannot_be_is_refused(
    core: client.CoreV1Api, namespace: str, pod: Manifest, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ApiException) as error:
        core.create_namespaced_pod(namespace, pod(**change))
    assert error.value.status == 422
    status = json.loads(error.value.body)
    assert status["reason"] == "Invalid"
    assert message in status["message"]
    assert status["message"].startswith('Pod "p" is invalid: ')


def test_a_quantity_that_is_none_is_a_bad_request(
    core: client.CoreV1Api, namespace: str, pod: Manifest
) -> None:
    container = {"name": "c", "image": "x", "resources": {"limits": {"memory": "lots"}}}
    with pytest.raises(ApiException, match="quantities must match the regular expression") as error:
        core.create_namespaced_pod(namespace, pod(containers=[container]))
    assert error.value.status == 400


def test_a_service_account_must_be_there(
    core: client.CoreV1Api, namespace: str, pod: Manifest
) -> None:
    with pytest.raises(ApiException) as error:
        core.create_namespaced_pod(namespace, pod(serviceAccountName="nobody"))
    assert error.value.status == 403
    assert (
        f'pods \\"p\\" is forbidden: error looking up service account {namespace}/nobody: '
        'serviceaccount \\"nobody\\" not found'
    ) in error.value.body


def test_a_mirror_pod_has_no_service_account(core: client.CoreV1Api) -> None:
    """It is there before the namespace's account is, and may name none."""
    core.create_namespace({"metadata": {"name": "of-a-node"}})
    metadata = {"name": "static", "annotations": {"kubernetes.io/config.mirror": "x"}}
    spec: dict[str, object] = {"containers": [{"name": "c", "image": "x"}], "nodeName": "n"}
    made = core.create_namespaced_pod("of-a-node", {"metadata": metadata, "spec": spec})
    assert not made.spec.service_account_name
    assert not made.spec.volumes
    with pytest.raises(ApiException, match="a mirror pod may not reference service accounts"):
        core.create_namespaced_pod(
            "of-a-node",
            {
                "metadata": {**metadata, "name": "other"},
                "spec": {**spec, "serviceAccountName": "default"},
            },
        )


def test_a_running_spec_is_fixed(core: client.CoreV1Api, namespace: str, pod: Manifest) -> None:
    core.create_namespaced_pod(namespace, pod())
    with pytest.raises(ApiException, match="pod updates may not change fields other than"):
        core.patch_namespaced_pod("p", namespace, {"spec": {"hostname": "other"}})
    changed = core.patch_namespaced_pod(
        "p", namespace, {"spec": {"containers": [{"name": "main", "image": "python:3.12"}]}}
    )
    assert changed.spec.containers[0].image == "python:3.12"
    assert len(changed.spec.containers[0].volume_mounts) == 1


def test_binding_happens_once(core: client.CoreV1Api, namespace: str, pod: Manifest) -> None:
    core.create_namespaced_pod(namespace, pod())
    bind(core, namespace, "p", "node-1")
    bound = core.read_namespaced_pod("p", namespace)
    assert bound.spec.node_name == "node-1"
    assert [(one.type, one.status) for one in bound.status.conditions] == [("PodScheduled", "True")]
    with pytest.raises(ApiException, match="is already assigned to node") as error:
        bind(core, namespace, "p", "node-2")
    assert error.value.status == 409


def test_a_pod_without_a_node_goes_at_once(
    core: client.CoreV1Api, namespace: str, pod: Manifest
) -> None:
    core.create_namespaced_pod(namespace, pod())
    core.delete_namespaced_pod("p", namespace)
    with pytest.raises(ApiException, match="not found"):
        core.read_namespaced_pod("p", namespace)


def test_a_pod_on_a_node_is_given_time(
    core: client.CoreV1Api, namespace: str, pod: Manifest
) -> None:
    core.create_namespaced_pod(namespace, pod())
    bind(core, namespace, "p", "node-1")
    core.delete_namespaced_pod("p", namespace)
    going = core.read_namespaced_pod("p", namespace)
    assert going.metadata.deletion_grace_period_seconds == 30
    assert going.metadata.deletion_timestamp
    core.delete_namespaced_pod("p", namespace, grace_period_seconds=5)
    assert core.read_namespaced_pod("p", namespace).metadata.deletion_grace_period_seconds == 5
    core.delete_namespaced_pod("p", namespace, grace_period_seconds=20)
    assert core.read_namespaced_pod("p", namespace).metadata.deletion_grace_period_seconds == 5
    core.delete_namespaced_pod("p", namespace, grace_period_seconds=0)
    with pytest.raises(ApiException, match="not found"):
        core.read_namespaced_pod("p", namespace)


def test_a_pod_that_has_ended_goes_at_once(
    core: client.CoreV1Api, namespace: str, pod: Manifest
) -> None:
    core.create_namespaced_pod(namespace, pod())
    bind(core, namespace, "p", "node-1")
    core.patch_namespaced_pod_status("p", namespace, {"status": {"phase": "Succeeded"}})
    core.delete_namespaced_pod("p", namespace)
    with pytest.raises(ApiException, match="not found"):
        core.read_namespaced_pod("p", namespace)


def test_eviction_deletes(core: client.CoreV1Api, namespace: str, pod: Manifest) -> None:
    core.create_namespaced_pod(namespace, pod())
    core.create_namespaced_pod_eviction("p", namespace, {"metadata": {"name": "p"}})
    with pytest.raises(ApiException, match="not found"):
        core.read_namespaced_pod("p", namespace)


class Node:
    """A kubelet that has logs and nothing else."""

    def __init__(self, served: Served) -> None:
        self.asked: dict[str, str] = {}
        self._served = served
        self._more = asyncio.Event()
        certificate, key = served.pki.issue_server("system:node:logs")
        app = Starlette(routes=[Route("/containerLogs/{rest:path}", self._logs)])
        self.http = HttpServer(
            app,
            certificate=certificate,
            key=key,
            client_ca=served.pki.ca_file,
            require_client=True,
        )

    async def _logs(self, request: Request) -> Response:
        self.asked = dict(request.query_params)
        if request.path_params["rest"].endswith("/init"):
            return PlainTextResponse("container is waiting to start: PodInitializing", 400)
        if "follow" in self.asked:
            return StreamingResponse(self._follow())
        return PlainTextResponse(f"log of {request.path_params['rest']}\n")

    async def _follow(self) -> AsyncIterator[bytes]:
        yield b"first\n"
        await self._more.wait()
        yield b"second\n"

    def go_on(self) -> None:
        async def set_it() -> None:
            self._more.set()

        self._served.do(set_it())


@pytest.fixture
def node(served: Served, core: client.CoreV1Api) -> Iterator[Node]:
    async def make() -> Node:
        node = Node(served)
        await node.http.start()
        return node

    node = served.do(make())
    core.create_node({"metadata": {"name": "logs"}})
    core.patch_node_status(
        "logs",
        {
            "status": {
                "addresses": [{"type": "InternalIP", "address": node.http.host}],
                "daemonEndpoints": {"kubeletEndpoint": {"Port": node.http.port}},
            }
        },
    )
    yield node
    core.delete_node("logs")
    served.do(node.http.stop())


def test_logs_come_from_the_kubelet_of_the_node(
    core: client.CoreV1Api, namespace: str, pod: Manifest, node: Node
) -> None:
    core.create_namespaced_pod(namespace, pod(nodeName="logs"))
    text = core.read_namespaced_pod_log("p", namespace, tail_lines=7, timestamps=True)
    assert text == f"log of {namespace}/p/main\n"
    assert node.asked["tailLines"] == "7"
    assert node.asked["timestamps"].lower() == "true"


def test_a_followed_log_arrives_as_it_is_written(
    core: client.CoreV1Api, namespace: str, pod: Manifest, node: Node
) -> None:
    core.create_namespaced_pod(namespace, pod(nodeName="logs"))
    stream = core.read_namespaced_pod_log("p", namespace, follow=True, _preload_content=False)
    lines = iter(stream)
    assert next(lines) == b"first\n"
    threading.Thread(target=node.go_on).start()
    assert next(lines) == b"second\n"
    assert list(lines) == []


def test_logs_that_are_not_there(
    core: client.CoreV1Api, namespace: str, pod: Manifest, node: Node
) -> None:
    two = [{"name": name, "image": "x"} for name in ("a", "b")]
    first = [{"name": "init", "image": "x"}]
    core.create_namespaced_pod(
        namespace, pod(containers=two, initContainers=first, nodeName="logs")
    )
    for container, message in (
        (None, "a container name must be specified for pod p, choose one of: [init a b]"),
        ("c", "container c is not valid for pod p"),
        ("init", "container is waiting to start: PodInitializing"),
    ):
        more = {"container": container} if container else {}
        with pytest.raises(ApiException) as error:
            core.read_namespaced_pod_log("p", namespace, **more)
        assert error.value.status == 400
        assert message in error.value.body


def test_a_pod_that_runs_nowhere_has_an_empty_log(
    core: client.CoreV1Api, namespace: str, pod: Manifest
) -> None:
    core.create_namespaced_pod(namespace, pod())
    assert core.read_namespaced_pod_log("p", namespace) == ""
