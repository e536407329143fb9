"""`pytest --kf-pull-images`: what the cluster pulls before a session needs it, and what not."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes import client, config

from pytest_kubeflow.config.groups.images import ImageSettings
from pytest_kubeflow.config.keyvalue import KeyValue
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.errors import PodFailed
from pytest_kubeflow.images.packageindex import PackageIndex
from pytest_kubeflow.images.pulling import has_image
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.pods.helper_pods import HelperPods
from pytest_kubeflow.k8s.pods.template import PodTemplate
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.local.endpoints import Endpoints
from pytest_kubeflow.reporting.exit_codes import UNFIT_CODE
from pytest_kubeflow.waiting import Deadline

ROOT = Path(__file__).parents[2]
TESTS = ["suites/pipelines/test_pythagorean.py", "suites/katib/test_grid.py"]
NAMESPACE = "kubeflow-user-example-com"


@pytest.fixture(scope="module")
def where() -> Iterator[Endpoints]:
    with LocalKubeflow() as running:
        yield running.endpoints


def pull(where: Endpoints, *arguments: str) -> tuple[int, str]:
    """The exit code and the output."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--kf-pull-images"),
            *(f"--kf-host={where.host}", f"--kf-kubeconfig={where.kubeconfig}"),
            *arguments,
            *TESTS,
        ],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_all_that_is_listed_is_pulled_and_nothing_stays(where: Endpoints) -> None:
    code, output = pull(where)
    assert code == 0, output
    pulled = re.findall(r"^(\S+): on node \S+ after [\d.]+ s$", output, re.MULTILINE)
    assert "python:3.11" in pulled
    assert [one for one in pulled if "kfp-launcher" in one]
    assert [one for one in pulled if "suggestion" in one]
    assert re.search(
        r"^a pod of python:3.11-slim has installed kfp [\d.]+ from ", output, re.MULTILINE
    )
    assert f"the cluster pulls all {len(pulled)} images of the selected tests" in output
    assert "untested" not in output
    api = client.CoreV1Api(config.new_client_from_config(str(where.kubeconfig)))
    names = [one.metadata.name for one in api.list_namespace().items]
    assert not [name for name in names if name.startswith("kf-")]


def test_what_is_not_pulled_is_named_with_its_cause(where: Endpoints) -> None:
    """Other images are tried all the same; in an existing namespace no pod stays."""
    missing = "registry.example/team/none:1"
    code, output = pull(
        where,
        f"--kf-base-image={missing}",
        f"--kf-namespace={NAMESPACE}",
        "--kf-start-timeout=2",
    )
    assert code == UNFIT_CODE, output
    words = rf"^ERROR: the image {missing} is not pulled .*this node has no container engine"
    assert re.search(words, output, re.MULTILINE), output
    assert re.search(r"^\S+/kfp-launcher:\S+: on node ", output, re.MULTILINE), output
    found = re.search(r"the cluster pulls (\d+) of (\d+) images", output)
    assert found is not None
    assert int(found[1]) == int(found[2]) - 1
    assert output.count("ERROR: ") == 1
    assert f"not known: whether components get kfp, since {missing} is not pulled" in output
    api = client.CoreV1Api(config.new_client_from_config(str(where.kubeconfig)))
    assert not api.list_namespaced_pod(NAMESPACE).items


def test_an_image_without_kfp_does_not_do_offline(where: Endpoints) -> None:
    code, output = pull(
        where, "--kf-offline", "--kf-base-image=busybox", f"--kf-namespace={NAMESPACE}"
    )
    assert code == UNFIT_CODE, output
    assert (
        "ERROR: the image busybox has no kfp, which components need with --kf-offline: " in output
    )


def test_an_index_that_has_it_not_is_told_in_the_words_of_pip(where: Endpoints) -> None:
    kubernetes = KubernetesClient(where.kubeconfig)
    pods = HelperPods(
        kubernetes,
        NAMESPACE,
        ownership=Ownership("tests"),
        template=PodTemplate(),
        start_timeout=60.0,
    )
    images = ImageSettings(environment=(KeyValue("PIP_INDEX_URL", "http://127.0.0.1:9/simple"),))
    index = PackageIndex(KubeflowConfig(images=images), "python:3.11-slim", "0.0.999")
    with contextlib.closing(kubernetes), pytest.raises(PodFailed) as failure:
        index.check(pods, deadline=Deadline.after(60))
    assert re.match(
        r"a pod of python:3.11-slim does not get kfp 0.0.999 from http://127.0.0.1:9/simple: name "
        r"an index with --kf-pip-index-url, or an image .*--kf-offline .*\(.+\)$",
        str(failure.value),
    )


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (
            b"WARNING: Retrying (Retry(total=4, connect=None)) after connection broken by "
            b"'NewConnectionError(\"refused\")': /simple/kfp/\n"
            b"ERROR: Could not find a version that satisfies the requirement kfp==1\n"
            b"ERROR: No matching distribution found for kfp==1\n",
            "'NewConnectionError(\"refused\")': /simple/kfp/",
        ),
        (b"ERROR: No matching distribution found\n", "ERROR: No matching distribution found"),
        (b"sh: python3: not found\n", "sh: python3: not found"),
    ],
)
def test_the_words_that_say_most_of_what_pip_has_said(log: bytes, words: str) -> None:
    index = PackageIndex(KubeflowConfig(), "python:3.11", "1")
    with pytest.raises(PodFailed) as failure:
        index.explain("a-pod", {"pip": log})
    assert str(failure.value).endswith(f"({words})")


def waiting(reason: str) -> client.V1ContainerState:
    return client.V1ContainerState(waiting=client.V1ContainerStateWaiting(reason=reason))


@pytest.mark.parametrize(
    ("state", "image_id", "pulled"),
    [
        (waiting("ContainerCreating"), "", False),
        (waiting("ErrImagePull"), "", False),
        (waiting("ImagePullBackOff"), "", False),
        # Once the image is there: it would run as root, or has no such program.
        (waiting("CreateContainerConfigError"), "", True),
        (waiting("CreateContainerError"), "", True),
        (waiting("RunContainerError"), "docker.io/a@sha256:1", True),
        (client.V1ContainerState(running=client.V1ContainerStateRunning()), "a", True),
        (
            client.V1ContainerState(terminated=client.V1ContainerStateTerminated(exit_code=128)),
            "a",
            True,
        ),
        # A pod that was evicted before its image was there.
        (
            client.V1ContainerState(terminated=client.V1ContainerStateTerminated(exit_code=137)),
            "",
            False,
        ),
    ],
)
def test_states_of_containers_say_whether_the_image_is_there(
    state: client.V1ContainerState, image_id: str, *, pulled: bool
) -> None:
    status = client.V1ContainerStatus(
        name="pull", image="a", image_id=image_id, ready=False, restart_count=0, state=state
    )
    pod = client.V1Pod(status=client.V1PodStatus(container_statuses=[status]))
    assert has_image(pod) == pulled
