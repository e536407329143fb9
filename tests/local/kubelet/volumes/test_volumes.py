import base64
import os
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import (
    CONFIG_MAPS,
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
    SECRETS,
    Resource,
)
from tests.local.kubelet.conftest import NAMESPACE, Cluster, phase, sh


def put(cluster: Cluster, resource: Resource, name: str, **fields: Any) -> None:
    metadata: Object = {"name": name}
    if resource.namespaced:
        metadata["namespace"] = NAMESPACE
    cluster.do(cluster.client.create(resource, {"metadata": metadata, **fields}))


def look(cluster: Cluster, script: str, volume: Object, **mount: Any) -> str:
    """What a script prints in a container that has the volume at /v."""
    return cluster.output(
        sh(script, volumeMounts=[{"name": "v", "mountPath": "/v", **mount}]),
        volumes=[{"name": "v", **volume}],
    )


@pytest.fixture(scope="module")
def data(cluster: Cluster) -> None:
    put(cluster, CONFIG_MAPS, "cm", data={"a": "1", "b": "2"}, binaryData={"c": "AAEC"})
    put(cluster, SECRETS, "secret", data={"key": base64.b64encode(b"value").decode()})


def test_config_map(cluster: Cluster, data: None) -> None:
    script = "cd /v; ls; cat a b; echo; od -An -tx1 c; touch x 2>/dev/null || echo readonly"
    text = look(cluster, script, {"configMap": {"name": "cm"}})
    assert text.split() == ["a", "b", "c", "12", "00", "01", "02", "readonly"]


def test_items_and_modes(cluster: Cluster, data: None) -> None:
    items = [{"key": "a", "path": "deep/er", "mode": 0o400}, {"key": "b", "path": "b"}]
    volume = {"configMap": {"name": "cm", "items": items, "defaultMode": 0o640}}
    script = (
        "cd /v; find -L . -path './..*' -prune -o -type f -print | sort | xargs stat -Lc '%n %a'"
    )
    assert look(cluster, script, volume) == "./b 640\n./deep/er 400\n"


def test_optional_config_map_that_is_missing(cluster: Cluster) -> None:
    volume = {"configMap": {"name": "missing", "optional": True}}
    assert look(cluster, "ls /v | wc -l", volume) == "0\n"


def test_secret_and_sub_path(cluster: Cluster, data: None) -> None:
    assert look(cluster, "cat /v", {"secret": {"secretName": "secret"}}, subPath="key") == "value"


def test_projected_token_names_and_files(cluster: Cluster, data: None) -> None:
    sources = [
        {"serviceAccountToken": {"path": "token", "audience": "us", "expirationSeconds": 3600}},
        {"configMap": {"name": "cm", "items": [{"key": "a", "path": "from-cm"}]}},
        {"secret": {"name": "secret"}},
        {
            "downwardAPI": {
                "items": [{"path": "ns", "fieldRef": {"fieldPath": "metadata.namespace"}}]
            }
        },
    ]
    text = look(
        cluster, "cd /v; cat from-cm key ns; echo; cat token", {"projected": {"sources": sources}}
    )
    head, token = text.split("\n")
    assert head == f"1value{NAMESPACE}"
    assert token


def test_empty_dir_is_shared_between_containers_and_gone_afterwards(cluster: Cluster) -> None:
    mounts = [{"name": "v", "mountPath": "/v"}]
    pod = cluster.run(
        sh("until [ -s /v/f ]; do sleep 0.02; done; cat /v/f", volumeMounts=mounts),
        {"name": "other", **sh("echo shared > /v/f", volumeMounts=mounts)},
        volumes=[{"name": "v", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}],
    )
    assert cluster.log(pod) == "shared\n"
    cluster.delete(pod)


def claim(cluster: Cluster, name: str, directory: Path) -> None:
    put(
        cluster,
        PERSISTENT_VOLUMES,
        f"pv-{name}",
        spec={
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "local": {"path": str(directory)},
            "nodeAffinity": {
                "required": {
                    "nodeSelectorTerms": [
                        {"matchExpressions": [{"key": "kubernetes.io/os", "operator": "Exists"}]}
                    ]
                }
            },
        },
    )
    put(
        cluster,
        PERSISTENT_VOLUME_CLAIMS,
        name,
        spec={
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
            "volumeName": f"pv-{name}",
            "storageClassName": "",
        },
    )
    cluster.do(
        cluster.client.patch(
            PERSISTENT_VOLUME_CLAIMS,
            name,
            {"status": {"phase": "Bound"}},
            namespace=NAMESPACE,
            subresource="status",
        )
    )


def test_claim_keeps_what_is_written(cluster: Cluster, tmp_path: Path) -> None:
    claim(cluster, "kept", tmp_path)
    volume = {"persistentVolumeClaim": {"claimName": "kept"}}
    look(cluster, "echo data > /v/file", volume, subPath="made/here")
    assert (tmp_path / "made/here/file").read_text() == "data\n"
    assert look(cluster, "cat /v/made/here/file", volume) == "data\n"
    refused = "echo x 2>/dev/null > /v/made/x || echo refused"
    assert look(cluster, refused, volume, readOnly=True) == "refused\n"


def test_fault_volume_lossy(cluster: Cluster, tmp_path: Path) -> None:
    claim(cluster, "lossy", tmp_path)
    (tmp_path / "before").write_text("old")
    cluster.faults.replace(["volume-lossy"])
    try:
        volume = {"persistentVolumeClaim": {"claimName": "lossy"}}
        assert look(cluster, "cat /v/before; echo new > /v/after", volume) == "old"
    finally:
        cluster.faults.replace([])
    assert [path.name for path in tmp_path.iterdir()] == ["before"]


@pytest.mark.skipif(os.getuid() != 0, reason="an ordinary user cannot give files away")
def test_fs_group(cluster: Cluster) -> None:
    text = cluster.output(
        sh("id -G; touch /v/f; stat -c %g /v/f", volumeMounts=[{"name": "v", "mountPath": "/v"}]),
        volumes=[{"name": "v", "emptyDir": {}}],
        securityContext={"runAsUser": 1000, "runAsGroup": 1000, "fsGroup": 3000},
    )
    assert text == "1000 3000\n3000\n"


def test_image_volume_and_host_path(cluster: Cluster, tmp_path: Path) -> None:
    volume: Object = {"image": {"reference": "example.com/tool:1"}}
    script = "ls /v/conftest.py; touch /v/x 2>/dev/null || echo readonly"
    assert look(cluster, script, volume) == "/v/conftest.py\nreadonly\n"
    host = {"hostPath": {"path": str(tmp_path / "made"), "type": "DirectoryOrCreate"}}
    look(cluster, "echo x > /v/f", host)
    assert (tmp_path / "made/f").exists()


@pytest.mark.parametrize("path", ["/etc", "link/etc"])
def test_the_rest_of_the_machine_is_not_shown(cluster: Cluster, tmp_path: Path, path: str) -> None:
    """Nor by a symbolic link in what is shown."""
    (tmp_path / "link").symlink_to("/")
    pod = cluster.create(
        sh("true", volumeMounts=[{"name": "v", "mountPath": "/v"}]),
        volumes=[{"name": "v", "hostPath": {"path": str(tmp_path / path)}}],
    )
    events = cluster.events(pod, "FailedMount")
    assert any("shows nothing of its machine but what is in" in text for _, text in events)
    cluster.delete(pod)


@pytest.mark.parametrize("place", ["/etc", "link/etc"])
def test_nor_by_a_persistent_volume(cluster: Cluster, tmp_path: Path, place: str) -> None:
    (tmp_path / "link").symlink_to("/")
    name = place.replace("/", "-").strip("-")
    claim(cluster, name, tmp_path / place)
    pod = cluster.create(
        sh("true", volumeMounts=[{"name": "v", "mountPath": "/v"}]),
        volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": name}}],
    )
    events = cluster.events(pod, "FailedMount")
    assert any("shows nothing of its machine but what is in" in text for _, text in events)
    cluster.delete(pod)


@pytest.mark.parametrize(
    ("volume", "message"),
    [
        ({"configMap": {"name": "nope"}}, 'configmap "nope" not found'),
        ({"secret": {"secretName": "nope"}}, 'secret "nope" not found'),
        ({"nfs": {"server": "x", "path": "/"}}, "this node has no volume plugin for nfs"),
        ({"image": {"reference": "unknown/x"}}, "unknown/x: this node has no container engine"),
    ],
)
def test_what_cannot_be_mounted_is_waited_for(
    cluster: Cluster, volume: Object, message: str
) -> None:
    pod = cluster.create(
        sh("true", volumeMounts=[{"name": "v", "mountPath": "/v"}]),
        volumes=[{"name": "v", **volume}],
    )
    events = cluster.events(pod, "FailedMount")
    start = 'MountVolume.SetUp failed for volume "v" : '
    assert any(text.startswith(start + message) for _, text in events)
    cluster.delete(pod)


def test_a_volume_that_appears_lets_the_pod_go_on(cluster: Cluster) -> None:
    pod = cluster.create(
        sh("cat /v/k", volumeMounts=[{"name": "v", "mountPath": "/v"}]),
        volumes=[{"name": "v", "configMap": {"name": "comes-later"}}],
    )
    cluster.events(pod, "FailedMount")
    put(cluster, CONFIG_MAPS, "comes-later", data={"k": "here"})
    pod = cluster.finished(pod)
    assert phase(pod) == "Succeeded"
    assert cluster.log(pod) == "here"


def test_sub_path_cannot_leave_the_volume(cluster: Cluster, tmp_path: Path) -> None:
    """One with `..` in it is refused by the API server; a link is seen here alone."""
    (tmp_path / "link").symlink_to("/etc")
    pod = cluster.create(
        sh("true", volumeMounts=[{"name": "v", "mountPath": "/v", "subPath": "link/x"}]),
        volumes=[{"name": "v", "hostPath": {"path": str(tmp_path)}}],
    )
    cluster.until(pod, lambda one: "leads out of the volume" in str(one.get("status")))
    cluster.delete(pod)


def test_a_claim_that_is_missing_is_waited_for(cluster: Cluster) -> None:
    pod = cluster.create(
        sh("true", volumeMounts=[{"name": "v", "mountPath": "/v"}]),
        volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "no"}}],
    )
    ((_, text),) = (one for one in cluster.events(pod, "FailedMount") if one[0] == "FailedMount")
    assert text.startswith("Unable to attach or mount volumes: unmounted volumes=[v]")
    assert text.endswith('persistentvolumeclaims "no" not found')
    cluster.delete(pod)
