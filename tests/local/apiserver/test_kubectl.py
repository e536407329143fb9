"""kubectl, as people use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.local.apiserver.conftest import Kubectl

POD = """
apiVersion: v1
kind: Pod
metadata: {name: p, labels: {app: one}}
spec:
  containers:
    - {name: main, image: "python:3.11", env: [{name: A, value: "1"}, {name: B, value: "2"}]}
"""


def test_apply_get_describe_delete(kubectl: Kubectl, namespace: str) -> None:
    assert kubectl("apply", "-n", namespace, "-f", "-", stdin=POD) == "pod/p created\n"
    assert kubectl("apply", "-n", namespace, "-f", "-", stdin=POD) == "pod/p unchanged\n"
    header, row = kubectl("get", "pods", "-n", namespace).splitlines()
    assert header.split() == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert row.split()[:4] == ["p", "0/1", "Pending", "0"]
    assert "python:3.11" in kubectl("describe", "pod", "p", "-n", namespace)
    assert kubectl("delete", "pod", "p", "-n", namespace).startswith('pod "p" deleted')
    assert '"p" not found' in kubectl("get", "pod", "p", "-n", namespace, fails=True)


def test_patches_of_every_kind(kubectl: Kubectl, namespace: str) -> None:
    where = ("-n", namespace)
    kubectl("create", "configmap", "c", "--from-literal=a=1", *where)
    kubectl("patch", "configmap", "c", "--type=merge", '-p={"data":{"b":"2"}}', *where)
    operations = json.dumps([{"op": "replace", "path": "/data/a", "value": "9"}])
    kubectl("patch", "configmap", "c", "--type=json", f"-p={operations}", *where)
    kubectl("label", "configmap", "c", "tier=front", *where)
    kubectl("annotate", "configmap", "c", "note=hello", *where)
    found = json.loads(kubectl("get", "configmap", "c", "-o", "json", *where))
    assert found["data"] == {"a": "9", "b": "2"}
    assert found["metadata"]["labels"] == {"tier": "front"}
    assert found["metadata"]["annotations"] == {"note": "hello"}
    wrong = json.dumps([{"op": "remove", "path": "/data/none"}])
    assert "the server rejected our request" in kubectl(
        "patch", "configmap", "c", "--type=json", f"-p={wrong}", *where, fails=True
    )


def test_a_strategic_patch_merges_lists_by_name(kubectl: Kubectl, namespace: str) -> None:
    where = ("-n", namespace)
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d"},
        "spec": {
            "selector": {"matchLabels": {"app": "d"}},
            "template": {
                "metadata": {"labels": {"app": "d"}},
                "spec": {
                    "containers": [
                        {"name": "a", "image": "one", "env": [{"name": "X", "value": "1"}]},
                        {"name": "b", "image": "two"},
                    ]
                },
            },
        },
    }
    kubectl("apply", "-f", "-", *where, stdin=json.dumps(deployment))
    kubectl("set", "image", "deployment/d", "b=three", *where)
    found = json.loads(kubectl("get", "deployment", "d", "-o", "json", *where))
    containers = found["spec"]["template"]["spec"]["containers"]
    assert [(one["name"], one["image"]) for one in containers] == [("a", "one"), ("b", "three")]
    assert found["metadata"]["generation"] == 2
    kubectl("scale", "deployment/d", "--replicas=3", *where)
    found = json.loads(kubectl("get", "deployment", "d", "-o", "json", *where))
    assert found["spec"]["replicas"] == 3


def test_server_side_apply_knows_who_owns_what(kubectl: Kubectl, namespace: str) -> None:
    where = ("-n", namespace, "--server-side")

    def config(**data: str) -> str:
        kind = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
        return json.dumps({**kind, "data": data})

    kubectl("apply", *where, "--field-manager=one", "-f", "-", stdin=config(a="1", b="1"))
    kubectl("apply", *where, "--field-manager=two", "-f", "-", stdin=config(c="2"))
    refused = kubectl(
        "apply", *where, "--field-manager=two", "-f", "-", stdin=config(a="2"), fails=True
    )
    assert 'conflict with "one": .data.a' in refused
    kubectl("apply", *where, "--field-manager=one", "-f", "-", stdin=config(a="1"))
    found = json.loads(kubectl("get", "configmap", "c", "-n", namespace, "-o", "json"))
    assert found["data"] == {"a": "1", "c": "2"}


def test_wait_sees_a_condition_come(kubectl: Kubectl, namespace: str) -> None:
    kubectl("apply", "-n", namespace, "-f", "-", stdin=POD)
    ready = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    kubectl("patch", "pod", "p", "-n", namespace, "--subresource=status", f"-p={json.dumps(ready)}")
    kubectl("wait", "--for=condition=Ready", "pod/p", "-n", namespace, "--timeout=10s")
    assert "timed out" in kubectl(
        "wait", "--for=condition=Cold", "pod/p", "-n", namespace, "--timeout=1s", fails=True
    )


def test_objects_sent_as_protobuf(kubectl: Kubectl, namespace: str) -> None:
    where = ("-n", namespace)
    kubectl("create", "secret", "generic", "s", "--from-literal=word=open", *where)
    assert "b3Blbg==" in kubectl("get", "secret", "s", "-o", "json", *where)
    assert kubectl("auth", "can-i", "delete", "pods", *where).strip() == "yes"
    assert kubectl("create", "token", "default", *where).count(".") == 2
    kubectl("create", "deployment", "d", "--image=x", "--port=80", "--replicas=0", *where)
    made = json.loads(kubectl("get", "deployment", "d", "-o", "json", *where))["spec"]
    assert made["replicas"] == 0
    (container,) = made["template"]["spec"]["containers"]
    assert (container["image"], container["ports"][0]["containerPort"]) == ("x", 80)
    kubectl("create", "quota", "q", "--hard=pods=3,requests.cpu=500m", *where)
    made = json.loads(kubectl("get", "quota", "q", "-o", "json", *where))["spec"]
    assert made["hard"] == {"pods": "3", "requests.cpu": "500m"}
    kubectl("create", "poddisruptionbudget", "b", "--selector=a=b", "--min-available=50%", *where)
    made = json.loads(kubectl("get", "pdb", "b", "-o", "json", *where))["spec"]
    assert made == {"minAvailable": "50%", "selector": {"matchLabels": {"a": "b"}}}


def test_rights_from_the_command_line(kubectl: Kubectl, namespace: str) -> None:
    where = ("-n", namespace)
    kubectl("create", "role", "reader", "--verb=get,list", "--resource=pods,pods/log", *where)
    kubectl("create", "rolebinding", "jo", "--role=reader", "--user=jo", *where)
    assert kubectl("auth", "can-i", "list", "pods", "--as=jo", *where).strip() == "yes"
    header, row = kubectl("get", "rolebindings", *where).splitlines()
    assert header.split() == ["NAME", "ROLE", "AGE"]
    assert row.split()[:2] == ["jo", "Role/reader"]
    assert "CREATED AT" in kubectl("get", "roles", *where)


def test_events(kubectl: Kubectl, namespace: str) -> None:
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "e"},
        "involvedObject": {"kind": "Pod", "name": "p", "namespace": namespace},
        "type": "Warning",
        "reason": "Failed",
        "message": "it did not start",
        "lastTimestamp": "2020-01-01T00:00:00Z",
    }
    kubectl("apply", "-n", namespace, "-f", "-", stdin=json.dumps(event))
    for resource in ("events", "events.v1.events.k8s.io"):
        header, row = kubectl("get", resource, "-n", namespace).splitlines()
        assert header.split() == ["LAST", "SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
        assert row.split()[1:] == ["Warning", "Failed", "pod/p", "it", "did", "not", "start"]


def test_api_resources_and_malformed_input(
    kubectl: Kubectl, namespace: str, tmp_path: Path
) -> None:
    assert "persistentvolumeclaims" in kubectl("api-resources")
    broken = tmp_path / "broken.yaml"
    broken.write_text("apiVersion: v1\nkind: Nonsense\nmetadata: {name: x}\n")
    assert 'no matches for kind "Nonsense"' in kubectl("apply", "-f", str(broken), fails=True)
    assert "unable to parse requirement" in kubectl(
        "get", "--raw", f"/api/v1/namespaces/{namespace}/pods?labelSelector=a%20b", fails=True
    )


@pytest.mark.parametrize("output", ["wide", "yaml", "name"])
def test_outputs(kubectl: Kubectl, output: str) -> None:
    assert "kube-system" in kubectl("get", "namespaces", "-o", output)
