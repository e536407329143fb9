"""kubectl in pods: exec, attach, cp, debug, and what it says where there are no metrics."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from pytest_kubeflow.local.kube.client import Object
from tests.local.kubelet.conftest import NAMESPACE, Cluster, phase, sh

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def pod(cluster: Cluster) -> Iterator[Object]:
    pod = cluster.create(
        sh("while read line; do echo heard $line; done", stdin=True),
        terminationGracePeriodSeconds=0,
    )
    cluster.until(pod, lambda one: phase(one) == "Running")
    yield pod
    cluster.delete(pod)


@pytest.fixture(scope="module")
def core(cluster: Cluster) -> Iterator[Any]:
    from kubernetes import client, config

    api = config.new_client_from_config(str(cluster.directory / "kubeconfig"))
    yield client.CoreV1Api(api)
    api.close()


@pytest.fixture(scope="module")
def kubectl(cluster: Cluster) -> Run:
    program = shutil.which("kubectl")
    if program is None:
        pytest.skip("kubectl is not installed on this machine")

    def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, "--kubeconfig", str(cluster.directory / "kubeconfig"), *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "HOME": str(cluster.directory)},
        )

    return run


def execute(core: Any, pod: Object, *command: str, **fields: Any) -> Any:
    """A command by the official client; the stream, at its end."""
    from kubernetes.stream import stream

    options = {"stdin": False, "stdout": True, "stderr": True, "tty": False, **fields}
    return stream(
        core.connect_get_namespaced_pod_exec,
        pod["metadata"]["name"],
        NAMESPACE,
        command=list(command),
        _preload_content=False,
        **options,
    )


def test_a_command_its_streams_and_its_end(core: Any, pod: Object) -> None:
    running = execute(core, pod, "sh", "-c", "echo out; echo err >&2; exit 7")
    running.run_forever(timeout=30)
    assert (running.read_stdout(), running.read_stderr()) == ("out\n", "err\n")
    assert running.returncode == 7


def test_a_terminal(core: Any, pod: Object) -> None:
    running = execute(core, pod, "sh", "-c", "test -t 1 && stty size && echo $TERM", tty=True)
    running.run_forever(timeout=30)
    assert running.read_stdout().split() == ["0", "0", "xterm"]
    assert running.returncode == 0


def test_standard_input_and_files(kubectl: Run, pod: Object, tmp_path: Path) -> None:
    name = pod["metadata"]["name"]
    assert kubectl("exec", "-i", name, "--", "cat", stdin="a\nb\n").stdout == "a\nb\n"
    done = kubectl("exec", name, "--", "sh", "-c", "exit 3")
    assert (done.returncode, done.stderr.strip()) == (3, "command terminated with exit code 3")
    content = os.urandom(300_000)
    (tmp_path / "there").write_bytes(content)
    assert kubectl("cp", str(tmp_path / "there"), f"{name}:/tmp/x").returncode == 0
    assert kubectl("cp", f"{name}:/tmp/x", str(tmp_path / "back")).returncode == 0
    assert (tmp_path / "back").read_bytes() == content


def test_what_cannot_be_run(kubectl: Run, pod: Object) -> None:
    name = pod["metadata"]["name"]
    assert "executable file not found in $PATH" in kubectl("exec", name, "--", "nosuch").stderr
    assert f"container other is not valid for pod {name}" in (
        kubectl("exec", name, "-c", "other", "--", "true").stderr
    )
    assert '"none" not found' in kubectl("exec", "none", "--", "true").stderr
    assert "Metrics API not available" in kubectl("top", "pod").stderr


def test_attaching_to_a_container(kubectl: Run, cluster: Cluster) -> None:
    done = kubectl(
        *("run", "asked", "--image=busybox:1.36", "--restart=Never", "-i", "--rm", "--quiet"),
        '--overrides={"spec": {"automountServiceAccountToken": false}}',
        *("--", "sh", "-c", "read line; echo heard $line; exit 5"),
        stdin="me\n",
    )
    assert done.stdout == "heard me\n"
    assert done.returncode == 5


def test_debugging_a_pod(kubectl: Run, cluster: Cluster, pod: Object) -> None:
    name = pod["metadata"]["name"]
    done = kubectl(
        *("debug", name, "--image=busybox:1.36", "-c", "look", "-i", "--"),
        *("sh", "-c", "read line; echo $line"),
        stdin="seen\n",
    )
    assert done.stdout == "seen\n", done.stderr
    found = cluster.until(
        pod, lambda one: "terminated" in str(one["status"].get("ephemeralContainerStatuses"))
    )
    (status,) = found["status"]["ephemeralContainerStatuses"]
    assert (status["name"], status["state"]["terminated"]["exitCode"]) == ("look", 0)
    assert phase(found) == "Running"
    # A copy of it is a pod that kubectl sends as protobuf.
    copied = kubectl(
        *("debug", name, "--copy-to=copy", "--image=busybox:1.36", "-c", "look", "-i", "--"),
        *("sh", "-c", "read line; echo $line"),
        stdin="seen there\n",
    )
    assert copied.stdout == "seen there\n", copied.stderr
    refused = kubectl(
        *("patch", "pod", name, "--subresource=ephemeralcontainers", "--type=json"),
        '-p=[{"op": "remove", "path": "/spec/ephemeralContainers/0"}]',
    )
    assert "may not be changed or removed" in refused.stderr


SERVER = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"x" * 8_000_000)
    def do_POST(self):
        size = int(self.headers["content-length"])
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(len(self.rfile.read(size))).encode())
import os
# Its own address: pods of other tests may have the port on theirs.
http.server.ThreadingHTTPServer((os.environ["POD_IP"], 8000), Handler).serve_forever()
"""


def test_forwarding_ports(kubectl: Run, cluster: Cluster) -> None:
    """As kubectl does it: SPDY in a websocket, a pair of streams for each connection."""
    served = cluster.create(
        {
            "image": "python:3.11",
            "command": ["python3", "-c", SERVER],
            "env": [
                {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            ],
            "readinessProbe": {"tcpSocket": {"port": 8000}, "periodSeconds": 1},
        },
        terminationGracePeriodSeconds=0,
    )
    cluster.until(served, lambda one: phase(one) == "Running")
    program = shutil.which("kubectl")
    assert program is not None
    forwarding = subprocess.Popen(
        [
            *(program, "--kubeconfig", str(cluster.directory / "kubeconfig"), "port-forward"),
            *("--address=127.0.0.1", f"pod/{served['metadata']['name']}", ":8000", ":9"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "HOME": str(cluster.directory)},
    )
    try:
        assert forwarding.stdout is not None
        assert forwarding.stderr is not None
        lines = [forwarding.stdout.readline() for _ in range(2)]
        assert all(lines), forwarding.stderr.read()
        alive, dead = (int(re.findall(r"127.0.0.1:(\d+) ->", line)[0]) for line in lines)
        url = f"http://127.0.0.1:{alive}/"
        # The server may still be on its way up.
        cluster.until(served, lambda one: one["status"]["containerStatuses"][0]["ready"])
        for _ in range(2):
            assert requests.get(url, timeout=60).content == b"x" * 8_000_000
        assert requests.post(url, b"y" * 3_000_000, timeout=60).text == "3000000"
        with pytest.raises(requests.ConnectionError):
            requests.get(f"http://127.0.0.1:{dead}/", timeout=60)
        assert "error forwarding port 9 to pod" in forwarding.stderr.readline()
    finally:
        forwarding.kill()
        forwarding.communicate()
        cluster.delete(served)
