"""What Containerfile makes, pushed to a registry and run by a kubelet under "restricted".

No container engine is needed: container/rootfs.py makes the same files by the same instructions.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client, config, utils

from pytest_kubeflow.config.imagereference import ImageReference
from pytest_kubeflow.redaction import Secret
from pytest_kubeflow.registry.client import RegistryClient
from pytest_kubeflow.registry.credentials import RegistryLogin
from pytest_kubeflow.registry.pushing import ImagePusher, PushedImage
from tests.cluster.remote import NAMESPACE, Remote, wait_until

ROOT = Path(__file__).parents[2]
BASE = "python:3.11-slim"
LARGEST = 500_000_000
BASE_BYTES = 130_000_000
"""What python:3.12-slim takes, unpacked (docker.io, July 2026: 124 MB)."""

SECONDS = 600

NO_SHELL = """
import os, sys

def refuse(event, arguments):
    if event == "os.system" or event in {"subprocess.Popen", "os.exec", "os.posix_spawn"}:
        program = os.path.basename(os.fsdecode(arguments[0])) if event != "os.system" else "sh"
        if program in {"sh", "bash", "dash"}:
            raise PermissionError(13, "this image has no shell", program)

sys.addaudithook(refuse)
"""
"""sitecustomize.py of what is pushed: the base has shells, and nothing is to begin one."""

PROBE = """
import errno, os, subprocess
print("user", os.getuid(), os.getgid())
for place in ("/", "/usr/local/lib", "/etc", "/tmp"):
    try:
        with open(os.path.join(place, "probe"), "w"):
            print("writes to", place)
    except OSError as error:
        print(place, errno.errorcode[error.errno])
try:
    subprocess.run("true", shell=True, check=True)
except PermissionError as error:
    print("no shell:", error.filename)
"""


@pytest.fixture(scope="module")
def rootfs(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The files of the image, made anew from a wheel of this checkout."""
    from container.rootfs import CONTAINERFILE, build

    context = tmp_path_factory.mktemp("context")
    (context / "container").symlink_to(ROOT / "container")
    command = [_uv(), "build", "--quiet", "--wheel", "--out-dir", str(context / "dist"), str(ROOT)]
    subprocess.run(command, check=True)
    return build(CONTAINERFILE, context, tmp_path_factory.mktemp("rootfs"))


def _uv() -> str:
    import uv

    return str(uv.find_uv_bin())


@pytest.fixture(scope="module")
def pushed(rootfs: Any, remote: Remote) -> PushedImage:
    """The image in the registry of the embedded cluster."""
    where = remote.endpoints.registry
    assert where is not None
    login = RegistryLogin(where.username, Secret(where.password))
    registry = RegistryClient(where.address, login)
    (found,) = rootfs.inside("/usr/local/lib").glob("python3.*/site-packages")
    packages = f"/{found.relative_to(rootfs.root)}"
    base = ImageReference.parse(f"{where.address}/library/{BASE}")
    return ImagePusher(registry).push(
        ImageReference.parse(f"{where.address}/acceptance/pytest-kubeflow:1"),
        base=base,
        files={"/usr/local": rootfs.inside("/usr/local"), f"{packages}/sitecustomize.py": NO_SHELL},
        environment=rootfs.env,
        user=rootfs.user,
        entrypoint=rootfs.entrypoint,
    )


def test_it_is_small_and_has_nothing_of_a_build(rootfs: Any) -> None:
    from container.rootfs import size_of

    assert size_of(rootfs.root) + BASE_BYTES < LARGEST
    assert [one.name for one in rootfs.root.iterdir()] == ["usr"]
    assert rootfs.user == "65532:65532"
    assert rootfs.labels["org.opencontainers.image.title"] == "pytest-kubeflow"
    assert rootfs.entrypoint == ["pytest-kubeflow"]


@pytest.fixture
def restricted(remote: Remote) -> Iterator[None]:
    """The profile's namespace enforces "restricted" meanwhile."""
    label = "pod-security.kubernetes.io/enforce"
    remote.core.patch_namespace(NAMESPACE, {"metadata": {"labels": {label: "restricted"}}})
    yield
    remote.core.patch_namespace(NAMESPACE, {"metadata": {"labels": {label: None}}})


@pytest.fixture
def pull_secret(remote: Remote) -> Iterator[str]:
    """The login at the registry, as pods name it."""
    where = remote.endpoints.registry
    assert where is not None
    login = {"username": where.username, "password": where.password}
    secret = {
        "metadata": {"name": "registry"},
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": json.dumps({"auths": {where.address: login}})},
    }
    remote.core.create_namespaced_secret(NAMESPACE, secret)
    yield "registry"
    remote.core.delete_namespaced_secret("registry", NAMESPACE)


def _pods(remote: Remote) -> Any:
    return remote.core.list_namespaced_pod(NAMESPACE, label_selector="job-name=preflight").items


def _is_over(remote: Remote, batch: Any) -> bool:
    """Whether its Job has ended; fails at once where its container cannot be made."""
    for pod in _pods(remote):
        for one in pod.status.container_statuses or []:
            waiting = one.state.waiting
            assert waiting is None or waiting.reason == "ContainerCreating", waiting
    conditions = batch.read_namespaced_job("preflight", NAMESPACE).status.conditions or []
    return any(one.type in {"Complete", "Failed"} for one in conditions)


def test_a_preflight_runs_in_it(
    pushed: PushedImage, remote: Remote, restricted: None, pull_secret: str
) -> None:
    """As a Job that does no more than the preflight, which finds nothing wrong."""
    printed = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--kf-manifests=job", "--kf-suites=pipelines"),
            *(f"--kf-namespace={NAMESPACE}", "--kf-job-name=preflight"),
            *("--kf-host=http://ml-pipeline.kubeflow:8888", f"--kf-job-image={pushed}"),
            f"--kf-pod-image-pull-secret={pull_secret}",
        ],
        cwd=ROOT,
        # A password of this machine would be one of the pod: a Secret that nobody makes here.
        env={key: text for key, text in os.environ.items() if key != "KF_PASSWORD"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    documents = list(yaml.safe_load_all(printed))
    (job,) = [one for one in documents if one["kind"] == "Job"]
    job["spec"]["template"]["spec"]["containers"][0]["args"].append("--kf-preflight")
    api = config.new_client_from_config(str(remote.endpoints.kubeconfig))
    for one in documents:
        utils.create_from_dict(api, one)
    batch = client.BatchV1Api(api)
    wait_until(lambda: _is_over(remote, batch), SECONDS)
    (pod,) = _pods(remote)
    log = remote.core.read_namespaced_pod_log(pod.metadata.name, NAMESPACE)
    api.close()
    assert pod.status.phase == "Succeeded", log
    assert "this Kubeflow is fit to be tested" in log
    assert f"all that the tests need in {NAMESPACE}" in log


def test_its_user_writes_to_tmp_alone_and_has_no_shell(
    pushed: PushedImage, remote: Remote, restricted: None, pull_secret: str
) -> None:
    """Where nothing but the image says who runs in it."""
    container = {
        "name": "main",
        "image": str(pushed),
        "command": ["python3", "-c", PROBE],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 of the pod
    }
    spec = {
        "restartPolicy": "Never",
        "imagePullSecrets": [{"name": pull_secret}],
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }
    remote.core.create_namespaced_pod(NAMESPACE, {"metadata": {"name": "probe"}, "spec": spec})

    def phase() -> str:
        return str(remote.core.read_namespaced_pod("probe", NAMESPACE).status.phase)

    wait_until(lambda: phase() in {"Succeeded", "Failed"}, SECONDS)
    assert remote.core.read_namespaced_pod_log("probe", NAMESPACE).splitlines() == [
        "user 65532 65532",
        *(f"{place} EROFS" for place in ("/", "/usr/local/lib", "/etc")),
        "writes to /tmp",
        "no shell: sh",
    ]
