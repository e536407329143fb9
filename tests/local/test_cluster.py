"""The embedded cluster as a whole: started, used and ended in every way, leaving nothing."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from pytest_kubeflow.local.cluster import Endpoints, LocalKubeflow, LocalKubeflowError
from pytest_kubeflow.local.faults import FAULTS
from tests.local.test_ports import open_files, processes

SECONDS = 20


def traces(directory: Path) -> list[str]:
    """What is left of the cluster with this state directory: processes, mounts, files."""
    needle = str(directory)
    found = [f"directory {directory}"] if directory.exists() else []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit() or int(process.name) == os.getpid():
            continue
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            mounts = (process / "mountinfo").read_text()
        except OSError:
            continue  # it has just ended
        if needle in command:
            found.append(f"process {process.name}: {command[:120]}")
        if needle in mounts:
            found.append(f"mount of process {process.name}: {command[:120]}")
    return found


def wait_until(question: Callable[[], Any]) -> Any:
    ends = time.monotonic() + SECONDS
    while not (answer := question()):
        assert time.monotonic() < ends, f"not within {SECONDS} s"
        time.sleep(0.05)
    return answer


def assert_no_traces(directory: Path) -> None:
    wait_until(lambda: not traces(directory))
    assert traces(directory) == []


@pytest.fixture(scope="module")
def cluster() -> Iterator[Endpoints]:
    with LocalKubeflow() as cluster:
        yield cluster.endpoints


@pytest.fixture(scope="module")
def core(cluster: Endpoints) -> Iterator[Any]:
    from kubernetes import client, config

    api = config.new_client_from_config(str(cluster.kubeconfig))
    yield client.CoreV1Api(api)
    api.close()


def run_pod(core: Any, namespace: str, script: str, **spec: Any) -> str:
    """Run a shell script in a pod of its own and return its log."""
    container = {"name": "main", "image": "busybox", "command": ["sh", "-ec", script]}
    body = {
        "metadata": {"generateName": "p-"},
        "spec": {"restartPolicy": "Never", "containers": [container], **spec},
    }
    name = core.create_namespaced_pod(namespace, body).metadata.name
    final = {"Succeeded", "Failed"}
    wait_until(lambda: core.read_namespaced_pod(name, namespace).status.phase in final)
    log: str = core.read_namespaced_pod_log(name, namespace)
    assert core.read_namespaced_pod(name, namespace).status.phase == "Succeeded", log
    return log


def test_it_is_gone_after_the_context() -> None:
    with LocalKubeflow() as cluster:
        directory = cluster.endpoints.kubeconfig.parent
        assert traces(directory)
        assert requests.get(cluster.endpoints.host, timeout=10).status_code == 403
    assert_no_traces(directory)


HOLDER = """
import sys, time
from pytest_kubeflow.local.cluster import LocalKubeflow
cluster = LocalKubeflow()
print(cluster.start().kubeconfig.parent, cluster._process.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("victim", ["parent", "server"])
def test_nothing_survives_kill_9(victim: str) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        name, server = holder.stdout.readline().split()
        directory = Path(name)
        assert traces(directory)
        os.kill(holder.pid if victim == "parent" else int(server), signal.SIGKILL)
        assert_no_traces(directory)
    finally:
        holder.kill()
        holder.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_program_prints_where_it_is_and_stops_cleanly(number: signal.Signals) -> None:
    program = subprocess.Popen(
        [sys.executable, "-m", "pytest_kubeflow.local"], stdout=subprocess.PIPE, text=True
    )
    assert program.stdout is not None
    printed: dict[str, str] = {}
    while "faults" not in printed:
        line = program.stdout.readline()
        assert line, f"it ended: {program.wait(SECONDS)}"
        key, _, value = line.partition(":")
        printed[key.strip()] = value.strip()
    directory = Path(printed["kubeconfig"]).parent
    assert printed["login"] == "user@example.com / 12341234"
    assert printed["host"].startswith("http://localhost:")
    assert (directory / "kubeconfig").stat().st_mode & 0o077 == 0
    program.send_signal(number)
    program.communicate(timeout=SECONDS)
    assert program.returncode == 0
    assert_no_traces(directory)


def test_the_command_line_knows_the_faults() -> None:
    command = [sys.executable, "-m", "pytest_kubeflow.local"]
    listed = subprocess.run([*command, "--list-faults"], capture_output=True, text=True, check=True)
    assert {line.split()[0] for line in listed.stdout.splitlines()} == set(FAULTS)
    wrong = subprocess.run(
        [*command, "--fault", "rain"], capture_output=True, text=True, check=False
    )
    assert wrong.returncode == 2
    assert "there is no fault 'rain'; valid: any-password" in wrong.stderr


def test_a_cluster_that_cannot_start_says_why() -> None:
    with pytest.raises(LocalKubeflowError, match="there is no fault 'rain'"):
        LocalKubeflow(faults=["rain"]).start()


def test_only_loopback_listens(cluster: Endpoints) -> None:
    """Every socket that the cluster's processes listen on is bound to 127.0.0.0/8 or ::1."""
    assert cluster.kubeconfig.exists()
    inodes = set()
    for process in processes(os.getpid()):
        with contextlib.suppress(OSError):
            inodes |= set(open_files(Path(f"/proc/{process}/fd")))
    listening = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            local, state, inode = (line.split()[at] for at in (1, 3, 9))
            if state == "0A" and f"socket:[{inode}]" in inodes:
                address = local.partition(":")[0]
                # IPv6's sockets of IPv4 have ::ffff:127.0.0.1.
                listening.append(address.removeprefix("0000000000000000FFFF0000"))
    assert len(listening) >= 3  # what people need, if the rest has a network of its own
    assert {address[-2:] if len(address) == 8 else address for address in listening} == {"7F"}


def test_pods_reach_the_components_at_their_real_addresses(core: Any) -> None:
    script = (
        'python3 -c "import urllib.request as r;'
        "print(r.urlopen('http://ml-pipeline.kubeflow:8888/apis/v2beta1/healthz').status)\""
    )
    container = {"name": "main", "image": "python:3.11", "command": ["sh", "-ec", script]}
    assert run_pod(core, "default", "", containers=[container]).strip() == "200"


def test_a_pod_sees_a_volume_that_another_wrote(core: Any) -> None:
    resources = {"requests": {"storage": "1Mi"}}
    spec = {"accessModes": ["ReadWriteOnce"], "resources": resources}
    core.create_namespaced_persistent_volume_claim(
        "default", {"metadata": {"name": "shared"}, "spec": spec}
    )
    volume = {"name": "v", "persistentVolumeClaim": {"claimName": "shared"}}

    def with_volume(script: str) -> str:
        mount = {"name": "v", "mountPath": "/data"}
        command = ["sh", "-ec", script]
        container = {
            "name": "main",
            "image": "busybox",
            "command": command,
            "volumeMounts": [mount],
        }
        return run_pod(core, "default", "", containers=[container], volumes=[volume])

    with_volume("echo written > /data/file")
    assert with_volume("cat /data/file") == "written\n"


def test_the_store_takes_its_own_keys_only(cluster: Endpoints) -> None:
    from minio import Minio
    from minio.error import S3Error

    def client(access: str, secret: str) -> Minio:
        endpoint = cluster.s3_endpoint.removeprefix("http://")
        return Minio(endpoint, access, secret, secure=False, region="us-east-1")

    assert client(cluster.s3_access_key, cluster.s3_secret_key).bucket_exists("mlpipeline")
    with pytest.raises(S3Error, match="InvalidAccessKeyId"):
        client("nobody", "nothing-at-all").list_buckets()
    with pytest.raises(S3Error, match="SignatureDoesNotMatch"):
        client(cluster.s3_access_key, "nothing-at-all").list_buckets()


def test_faults_come_and_go_with_a_config_map(core: Any, cluster: Endpoints) -> None:
    def unavailable() -> bool:
        url = f"{cluster.host}/pipeline/apis/v2beta1/healthz"
        headers = {"Authorization": f"Bearer {token}"}
        codes = {requests.get(url, headers=headers, timeout=10).status_code for _ in range(6)}
        return 503 in codes

    request = {"spec": {"expirationSeconds": 600}}
    answer = core.create_namespaced_service_account_token(
        "default-editor", cluster.namespace, request
    )
    token = answer.status.token
    assert not unavailable()
    core.create_namespaced_config_map(
        "kube-system", {"metadata": {"name": "embedded-faults"}, "data": {"api-503": "on"}}
    )
    wait_until(unavailable)
    core.delete_namespaced_config_map("embedded-faults", "kube-system")
    wait_until(lambda: not unavailable())


def test_endpoints_keep_their_secrets(cluster: Endpoints) -> None:
    assert cluster.s3_secret_key not in repr(cluster)
    assert json.loads(cluster.to_json())["s3_secret_key"] == cluster.s3_secret_key
    assert Endpoints.from_json(cluster.to_json()) == cluster


WALLS = """
grep -E "CapEff|CapBnd|NoNewPrivs" /proc/self/status | tr -s "\\t\\n" " "
for one in /proc/[0-9]*; do tr "\\0" " " < $one/cmdline; done | grep -c "[r]eady-fd" || true
ls -d {directory} 2>&1 | grep -c "No such file" || true
mount -t tmpfs none /mnt 2> /dev/null && echo mounted
mknod /tmp/disk b 8 0 2> /dev/null && echo device
cat /proc/kcore /dev/mem 2> /dev/null | head -c 1
kill -9 {pid} 2> /dev/null && echo killed
true
"""


def test_a_pod_sees_nothing_of_the_server(cluster: Endpoints, core: Any) -> None:
    """No right of root's, none to be had, none of its processes, memory, files or devices."""
    directory = cluster.kubeconfig.parent
    script = WALLS.replace("{directory}", str(directory)).replace("{pid}", str(os.getpid()))
    seen = run_pod(core, cluster.namespace, script).split("\n")
    none = "0" * 16
    assert seen == [f"CapEff: {none} CapBnd: {none} NoNewPrivs: 1 0", "1", ""]
