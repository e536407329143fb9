"""A node with four GPUs, end to end: the whole server, and an nvidia-smi on its PATH.

The tool is a script that, like the real one, lists the GPUs whose device files it sees.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.local.kube import KubeClient, load_kubeconfig
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import NODES, PODS
from tests.local.kubelet.conftest import SECONDS, phase, state

TOOL = """\
#!/bin/sh
found=
for i in 0 1 2 3; do
  [ -e "$NVIDIA_DEV_ROOT/dev/nvidia$i" ] || continue
  found=yes
  case "$1" in
    -L) echo "GPU $i: NVIDIA A100-SXM4-40GB (UUID: GPU-$i)" ;;
    *) echo "$i, GPU-$i, NVIDIA A100-SXM4-40GB, 40960, 535.104.05, 00000000:0$i:00.0, Disabled" ;;
  esac
done
[ "$found" ] || { echo "No devices were found"; exit 6; }
"""
NAMESPACE = "kubeflow-user-example-com"


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("gpus")
    (directory / "dev").mkdir()
    for name in ("nvidia0", "nvidia1", "nvidia2", "nvidia3", "nvidiactl"):
        (directory / "dev" / name).touch()
    tool = directory / "bin/nvidia-smi"
    tool.parent.mkdir()
    tool.write_text(TOOL)
    tool.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{tool.parent}:{os.environ['PATH']}")
        patch.setenv("NVIDIA_DEV_ROOT", str(directory))
        with LocalKubeflow() as cluster:
            yield cluster.endpoints.kubeconfig


def pod(name: str, gpus: int, script: str) -> Object:
    limits = {"limits": {"nvidia.com/gpu": str(gpus)}} if gpus else {}
    container = {
        "name": "main",
        "image": "busybox",
        "command": ["sh", "-c", script],
        "resources": limits,
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }
    spec = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "containers": [container],
    }
    return {"metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec}


async def until(client: KubeClient, name: str, done: Callable[[Object], Any]) -> Object:
    """The pod (or, without a namespace in its name, the node) once `done` of it is true."""
    resource, namespace = (PODS, NAMESPACE) if name != "kubeflow-local" else (NODES, None)
    only = {"field_selector": f"metadata.name={name}"}
    listed = await client.list(resource, namespace, **only)
    for one in listed["items"]:
        if done(one):
            return dict(one)
    version = listed["metadata"]["resourceVersion"]
    async for _, one in client.watch(resource, namespace, resource_version=version, **only):
        if one["metadata"].get("name") == name and done(one):
            return one
    raise AssertionError(f"the watch of {name} ended")


def finished(one: Object) -> bool:
    return phase(one) in {"Succeeded", "Failed"}


def message(one: Object) -> list[str]:
    """The last words of a pod's container, which the tests' scripts write where pods may."""
    return str(state(one)["terminated"].get("message", "")).splitlines()


def test_pods_get_the_gpus_that_they_ask_for_and_no_others(kubeconfig: Path) -> None:
    look = (
        "(echo $CUDA_VISIBLE_DEVICES; echo $NVIDIA_VISIBLE_DEVICES; ls /dev | grep nvidia; "
        "nvidia-smi -L) > /dev/termination-log 2>&1"
    )
    hold = f"{look}; trap 'exit 0' TERM; while :; do sleep 0.05; done"

    async def scenario(client: KubeClient) -> None:
        node = await until(
            client, "kubeflow-local", lambda one: "nvidia.com/gpu" in one["status"]["capacity"]
        )
        assert node["status"]["allocatable"]["nvidia.com/gpu"] == "4"
        assert node["metadata"]["labels"]["nvidia.com/gpu.product"] == "NVIDIA-A100-SXM4-40GB"
        conditions = {one["type"]: one for one in node["status"]["conditions"]}
        assert conditions["GPUReady"]["status"] == "True"
        assert conditions["GPUReady"]["message"] == "nvidia.com/gpu: 4"

        for name in ("first", "second"):
            await client.create(PODS, pod(name, 2, hold))
            await until(client, name, lambda one: phase(one) == "Running")
        await client.create(PODS, pod("third", 1, look))
        waiting = await until(client, "third", lambda one: "Unschedulable" in str(one["status"]))
        assert waiting["status"]["conditions"][0]["message"] == (
            "0/1 nodes are available: 1 Insufficient nvidia.com/gpu. preemption: 0/1 nodes are "
            "available: 1 No preemption victims found for incoming pod."
        )
        await client.create(PODS, pod("none", 0, look))
        none = await until(client, "none", finished)
        assert message(none)[:2] == ["", ""]
        assert not any(line.startswith(("nvidia", "GPU")) for line in message(none))

        await client.delete(PODS, "first", NAMESPACE)
        third = await until(client, "third", finished)
        assert message(third) == [
            "GPU-0",
            "GPU-0",
            "nvidia0",
            "nvidiactl",
            "GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-0)",
        ]
        await client.delete(PODS, "second", NAMESPACE)
        await client.create(PODS, pod("last", 4, look))
        last = await until(client, "last", finished)
        assert message(last)[0] == "GPU-0,GPU-1,GPU-2,GPU-3"

    run(kubeconfig, scenario)


def test_a_pod_that_is_put_onto_the_node_past_the_scheduler(kubeconfig: Path) -> None:
    async def scenario(client: KubeClient) -> None:
        one = pod("forced", 5, "true")
        one["spec"]["nodeName"] = "kubeflow-local"
        await client.create(PODS, one)
        failed = await until(client, "forced", finished)
        assert phase(failed) == "Failed"
        assert failed["status"]["reason"] == "UnexpectedAdmissionError"
        assert "Requested: 5, Available: " in failed["status"]["message"]

    run(kubeconfig, scenario)


def run(kubeconfig: Path, scenario: Callable[[KubeClient], Any]) -> None:
    async def main() -> None:
        async with KubeClient(load_kubeconfig(kubeconfig)) as client:
            async with asyncio.timeout(SECONDS):
                await scenario(client)

    asyncio.run(main())
