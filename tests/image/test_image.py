"""What Containerfile makes, pushed to a registry and run by a kubelet under "restricted".

No container engine is needed: container/rootfs.py makes the same files by the same instructions.
"""

from __future__ import annotations

import json
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
    base = ImageReference.parse(f"{where.address}/library/{BASE}")
    return ImagePusher(registry).push(
        ImageReference.parse(f"{where.address}/acceptance/pytest-kubeflow:1"),
        base=base,
        files={"/usr/local": rootfs.inside("/usr/local")},
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


def test_a_preflight_runs_in_it(pushed: PushedImage, remote: Remote, restricted: None) -> None:
    """As a Job that does no more than the preflight, which finds nothing wrong."""
    printed = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--kf-manifests=job", "--kf-suites=pipelines"),
            *(f"--kf-namespace={NAMESPACE}", "--kf-job-name=preflight"),
            *("--kf-host=http://ml-pipeline.kubeflow:8888", f"--kf-job-image={pushed}"),
            "--kf-pod-image-pull-secret=registry",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    documents = list(yaml.safe_load_all(printed))
    (job,) = [one for one in documents if one["kind"] == "Job"]
    job["spec"]["template"]["spec"]["containers"][0]["args"].append("--kf-preflight")
    where = remote.endpoints.registry
    assert where is not None
    login = {"username": where.username, "password": where.password}
    secret = {
        "metadata": {"name": "registry"},
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": json.dumps({"auths": {where.address: login}})},
    }
    remote.core.create_namespaced_secret(NAMESPACE, secret)
    api = config.new_client_from_config(str(remote.endpoints.kubeconfig))
    for one in documents:
        utils.create_from_dict(api, one)
    batch = client.BatchV1Api(api)
    wait_until(
        lambda: [
            one.type
            for one in batch.read_namespaced_job("preflight", NAMESPACE).status.conditions or []
            if one.type in {"Complete", "Failed"}
        ],
        SECONDS,
    )
    (pod,) = remote.core.list_namespaced_pod(NAMESPACE, label_selector="job-name=preflight").items
    log = remote.core.read_namespaced_pod_log(pod.metadata.name, NAMESPACE)
    api.close()
    assert pod.status.phase == "Succeeded", log
    assert "this Kubeflow is fit to be tested" in log
    assert f"all that the tests need in {NAMESPACE}" in log
