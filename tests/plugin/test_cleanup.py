"""`pytest --kf-cleanup`: what sessions left is listed and removed, and nothing else is."""

from __future__ import annotations

import io
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.ownership import MANAGED_BY, Ownership
from pytest_kubeflow.k8s.profiles import create_profile
from pytest_kubeflow.objectstore.bucket import MARK
from pytest_kubeflow.pipelines.experiment import describe
from pytest_kubeflow.waiting import Deadline
from tests.cluster.remote import NAMESPACE, Remote, wait_until

PAST = int(time.time()) - 1000
OLD, YOUNG = Ownership("ann-at-laptop", "0ld", PAST), Ownership("bob-at-ci", "y0ung")
PREFIX = f"private-artifacts/{NAMESPACE}/pytest-kubeflow"


def plant(remote: Remote, ownership: Ownership, purpose: str) -> set[str]:
    """What a session leaves that is killed; the names by which it is told."""
    core, labels = remote.core, ownership.labels()
    body = {"metadata": {"name": f"kf-{purpose}", "labels": labels}}
    for make in (core.create_namespaced_config_map, core.create_namespaced_service_account):
        make(NAMESPACE, body)
    core.create_namespaced_secret(NAMESPACE, body)
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
    core.create_namespaced_persistent_volume_claim(NAMESPACE, {**body, "spec": claim})
    experiment = {
        "display_name": f"pytest-kubeflow-{purpose}",
        "namespace": NAMESPACE,
        "description": describe(ownership),
    }
    remote.api("POST", "experiments", json=experiment)
    kubernetes = KubernetesClient(remote.endpoints.kubeconfig)
    create_profile(
        kubernetes,
        f"kf-scratch-{purpose}",
        owner="user@example.com",
        labels=labels,
        deadline=Deadline.after(60),
    )
    kubernetes.close()
    mark = json.dumps(labels)
    for key, content in (
        (f"{PREFIX}-{purpose}/{MARK}", mark),
        (f"{PREFIX}-{purpose}/data", "x"),
        (f"private-artifacts/kf-scratch-{purpose}/v2/artifacts/model", "x"),
    ):
        remote.store.put_object("mlpipeline", key, io.BytesIO(content.encode()), len(content))
    return {
        f"configmap {NAMESPACE}/kf-{purpose}",
        f"serviceaccount {NAMESPACE}/kf-{purpose}",
        f"secret {NAMESPACE}/kf-{purpose}",
        f"persistentvolumeclaim {NAMESPACE}/kf-{purpose}",
        f"experiment {NAMESPACE}/pytest-kubeflow-{purpose}",
        f"profile kf-scratch-{purpose}",
        f"objects below mlpipeline/{PREFIX}-{purpose}",
    }


@pytest.fixture
def foreign(remote: Remote) -> Iterator[None]:
    """What is nearly ours."""
    labels = {**OLD.labels(), MANAGED_BY: "Helm"}
    body = {"metadata": {"name": "kf-theirs", "labels": labels}}
    remote.core.create_namespaced_config_map(NAMESPACE, body)
    remote.core.create_namespace(body)
    wait_until(lambda: remote.core.list_namespaced_config_map("kf-theirs").items)
    yield
    remote.core.delete_namespaced_config_map("kf-theirs", NAMESPACE)
    remote.core.delete_namespace("kf-theirs")


def fates(output: str) -> dict[str, str]:
    """What became of each thing, by its name."""
    table = output.partition("Kubeflow cleanup")[2]
    row = re.compile(r"(removed|would be removed|left|not removed)  +(\S.*?)  +\S+  +\S+-at-\S+  ")
    return {match[2]: match[1] for match in map(row.match, table.splitlines()) if match}


@pytest.mark.usefixtures("foreign")
def test_what_has_expired_goes_and_what_lives_is_shown(remote: Remote, tmp_path: Path) -> None:
    before = remote.things()
    young = plant(remote, YOUNG, "young")
    kept = remote.things()
    old = plant(remote, OLD, "old")
    there = remote.things()

    code, output = remote.run(tmp_path, "--kf-cleanup", "--kf-dry-run", seconds=120)
    assert code == 0, output
    expected = {**dict.fromkeys(old, "would be removed"), **dict.fromkeys(young, "left")}
    assert fates(output) == expected, output
    assert remote.things() == there
    line = next(one for one in output.splitlines() if "profile kf-scratch-old" in one)
    assert re.search(r"\d+s +ann-at-laptop +0ld +expired \d+m ago$", line)

    code, output = remote.run(tmp_path, "--kf-cleanup", seconds=120)
    assert code == 0, output
    assert fates(output) == {**dict.fromkeys(old, "removed"), **dict.fromkeys(young, "left")}
    assert "14 things of 2 sessions: 7 removed, 7 left" in output
    assert remote.things() == kept

    code, output = remote.run(tmp_path, "--kf-cleanup-session=y0ung", seconds=120)
    assert code == 0, output
    assert fates(output) == dict.fromkeys(young, "removed")
    assert remote.things() == before

    code, output = remote.run(tmp_path, "--kf-cleanup-all", seconds=120)
    assert code == 0, output
    assert "nothing is left of any session" in output


def test_what_cannot_be_removed_is_told(remote: Remote, tmp_path: Path) -> None:
    """And the exit code says so; the rest goes all the same."""
    import yaml

    config = yaml.safe_load(remote.endpoints.kubeconfig.read_text())
    request = {"spec": {"expirationSeconds": 600}}
    answer = remote.core.create_namespaced_service_account_token(
        "default-viewer", NAMESPACE, request
    )
    config["users"][0]["user"] = {"token": answer.status.token}
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    body = {"metadata": {"name": "kf-stuck", "labels": OLD.labels()}}
    remote.core.create_namespaced_config_map(NAMESPACE, body)
    try:
        code, output = remote.run(
            tmp_path, "--kf-cleanup", f"--kf-kubeconfig={path}", f"--kf-namespace={NAMESPACE}"
        )
        assert code == 1, output
        assert fates(output)[f"configmap {NAMESPACE}/kf-stuck"] == "not removed"
        assert f"cannot delete configmap {NAMESPACE}/kf-stuck: Kubernetes answers 403" in output
    finally:
        remote.core.delete_namespaced_config_map("kf-stuck", NAMESPACE)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--kf-dry-run"], "--kf-dry-run says what would be removed by --kf-cleanup, which was"),
        (["--kf-cleanup-all", "--kf-cleanup-session=x"], "give one of them"),
    ],
)
def test_mistakes(pytester: pytest.Pytester, arguments: list[str], told: str) -> None:
    result = pytester.runpytest_subprocess(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{told}*"])
