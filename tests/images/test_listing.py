"""What `pytest --kf-images` lists is what a session pulls: no more, and no less."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.local.endpoints import Endpoints

ROOT = Path(__file__).parents[2]
TESTS = [
    "suites/pipelines/test_pythagorean.py::test_every_task_returns_its_number",
    "suites/volumes/test_sort.py",
    "suites/workflows/test_steps.py",
    "suites/katib/test_grid.py",
]
MIRROR = "--kf-image-mirror=docker.io/library=mirror.example/lib"
STATUSES = ("initContainerStatuses", "containerStatuses")
IN_THE_PROCESS = {"ghcr.io/kubeflow/kfp-driver:2.16.1"}
"""Drivers of runs have no pods on the embedded cluster, unless they fail."""


@pytest.fixture(scope="module")
def where() -> Iterator[Endpoints]:
    with LocalKubeflow() as running:
        yield running.endpoints


def session(where: Endpoints, *arguments: str) -> str:
    """The output of a session on that cluster, which has to end well."""
    assert where.registry is not None
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q"),
            *(f"--kf-host={where.host}", f"--kf-username={where.username}"),
            *(f"--kf-kubeconfig={where.kubeconfig}", f"--kf-s3-endpoint={where.s3_endpoint}"),
            *arguments,
            *TESTS,
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "KF_PASSWORD": where.password or "",
            "KF_S3_ACCESS_KEY": where.s3_access_key,
            "KF_S3_SECRET_KEY": where.s3_secret_key,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def listed(output: str) -> set[str]:
    """Images are the lines that are not indented."""
    return set(re.findall(r"^[a-z0-9][\w.:/-]*[:/]\S+$", output, re.MULTILINE))


@contextmanager
def pods_seen(where: Endpoints) -> Iterator[list[dict[str, Any]]]:
    """Each state of each pod of profiles and scratch namespaces meanwhile."""
    from kubernetes import client, config, watch

    seen: list[dict[str, Any]] = []
    api = config.new_client_from_config(str(where.kubeconfig))
    core, watching = client.CoreV1Api(api), watch.Watch()
    version = core.list_namespaced_pod("kubeflow").metadata.resource_version

    def look() -> None:
        for event in watching.stream(core.list_pod_for_all_namespaces, resource_version=version):
            pod = event["raw_object"]  # the client's own type has no volumes of images
            if pod["metadata"]["namespace"].startswith("kf-"):
                seen.append(pod)
            elif pod["metadata"]["name"] == "the-end":
                return

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    yield seen
    end = {"metadata": {"name": "the-end"}, "spec": {"containers": [{"name": "a", "image": "b"}]}}
    core.create_namespaced_pod("default", end)
    thread.join(30)
    assert not thread.is_alive()
    core.delete_namespaced_pod("the-end", "default")


def pulled(pods: list[dict[str, Any]]) -> set[str]:
    """The images of containers that were made, and those that were mounted as volumes."""
    found = set()
    for pod in pods:
        status, volumes = pod["status"], pod["spec"].get("volumes") or ()
        made = [one for key in STATUSES for one in status.get(key) or () if one["imageID"]]
        if made:
            found |= {one["image"] for one in made}
            found |= {one["image"]["reference"] for one in volumes if "image" in one}
    return found


def test_what_is_listed_is_pulled(where: Endpoints) -> None:
    """Both ways, with a mirror for helper pods, components, Workflows and trials."""
    output = session(where, "--kf-images", MIRROR)
    with pods_seen(where) as pods:
        session(where, MIRROR)
    found = pulled(pods)
    assert listed(output) - found == IN_THE_PROCESS
    assert found - listed(output) == set()
    assert "not known" not in output
    mirrored = {one for one in found if one.startswith("mirror.example/lib/python:3.11")}
    assert len(mirrored) == 2
    assert not [one for one in found if one.startswith("python")]
    assert "instead of python:3.11 (--kf-image-mirror)" in output


def test_without_a_cluster_what_it_names_is_not_known() -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--kf-images"),
            "suites/volumes/test_sort.py",
        ],
        cwd=ROOT,
        env={key: value for key, value in os.environ.items() if key != "KUBECONFIG"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert listed(done.stdout) == {"python:3.11", "python:3.11-slim"}
    (unknown,) = re.findall("^not known: .*", done.stdout, re.MULTILINE)
    assert unknown.startswith(
        "not known: driver, launcher and executor of runs: the cluster names it, and none was "
        "named: --kf-host, --kf-kubeconfig ("
    )
