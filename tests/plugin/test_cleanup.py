"""`pytest --kf-cleanup`: what sessions left is listed and removed, and nothing else is."""

from __future__ import annotations

import io
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_kubeflow.cleanup.remnants import Fate
from pytest_kubeflow.cleanup.removal import Choice, clean_up, table, verdict
from pytest_kubeflow.cleanup.search import Search
from pytest_kubeflow.cluster import Cluster, connect
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.profiles import create_profile
from pytest_kubeflow.k8s.sessions.ownership import MANAGED_BY, Ownership
from pytest_kubeflow.objectstore.bucket import MARK
from pytest_kubeflow.pipelines.experiment import describe
from pytest_kubeflow.redaction import Redactor
from pytest_kubeflow.waiting import Deadline
from tests.cluster.remote import NAMESPACE, Remote, wait_until
from tests.config.sources import resolved

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


@contextmanager
def entered(remote: Remote, **changes: str) -> Iterator[Cluster]:
    """The cluster as `--kf-cleanup` has it."""
    given = {"host": remote.endpoints.host, "username": str(remote.endpoints.username)}
    given |= {"kubeconfig": str(remote.endpoints.kubeconfig), **changes}
    config = resolved(given, {"KF_PASSWORD": str(remote.endpoints.password)})
    cluster = connect(config, ownership=Ownership("tests"), redactor=Redactor())
    try:
        yield cluster
    finally:
        cluster.close()


def cleaned(cluster: Cluster, choice: Choice) -> dict[str, Fate]:
    """What became of each thing, by its name."""
    search = Search(cluster)
    found = search.remnants()
    clean_up(found, choice, now=time.time())
    assert search.unseen == []
    return {one.name: one.fate for one in found if not one.is_part}


@pytest.mark.usefixtures("foreign")
def test_what_has_expired_goes_and_what_lives_is_shown(remote: Remote, tmp_path: Path) -> None:
    before = remote.things()
    young = plant(remote, YOUNG, "young")
    kept = remote.things()
    old = plant(remote, OLD, "old")
    there = remote.things()

    code, output = remote.run(tmp_path, "--kf-cleanup", "--kf-dry-run", seconds=300)
    assert code == 0, output
    assert remote.things() == there
    for names, fate in ((old, "would be removed"), (young, "left")):
        for name in names:
            row = next(one for one in output.splitlines() if f" {name}" in one)
            assert row.startswith(f"{fate}  "), row
    row = next(one for one in output.splitlines() if "profile kf-scratch-old" in one)
    assert re.search(r" \d+[sm] +ann-at-laptop +0ld +expired \d+m ago$", row)
    assert "14 things of 2 sessions: 7 would be removed, 7 left" in output

    removed, left = dict.fromkeys(old, Fate.REMOVED), dict.fromkeys(young, Fate.LEFT)
    with entered(remote) as cluster:
        assert cleaned(cluster, Choice()) == {**removed, **left}
        assert remote.things() == kept
        gone = cleaned(cluster, Choice(sessions={"y0ung"}))
        assert gone == dict.fromkeys(young, Fate.REMOVED)
        assert remote.things() == before
        assert cleaned(cluster, Choice(everything=True)) == {}


def test_what_cannot_be_removed_is_told_and_the_rest_goes(remote: Remote, tmp_path: Path) -> None:
    import yaml

    config = yaml.safe_load(remote.endpoints.kubeconfig.read_text())
    spec = {"spec": {"expirationSeconds": 600}}
    issued = remote.core.create_namespaced_service_account_token("default-viewer", NAMESPACE, spec)
    config["users"][0]["user"] = {"token": issued.status.token}
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    body = {"metadata": {"name": "kf-stuck", "labels": OLD.labels()}}
    remote.core.create_namespaced_config_map(NAMESPACE, body)
    experiment = {"display_name": "pytest-kubeflow-stuck", "description": describe(OLD)}
    remote.api("POST", "experiments", json={**experiment, "namespace": NAMESPACE})
    try:
        with entered(remote, kubeconfig=str(path), namespace=NAMESPACE) as cluster:
            found = Search(cluster).remnants()
            clean_up(found, Choice(), now=time.time())
        assert {one.name: one.fate for one in found} == {
            f"experiment {NAMESPACE}/pytest-kubeflow-stuck": Fate.REMOVED,
            f"configmap {NAMESPACE}/kf-stuck": Fate.FAILED,
        }
        row = next(one for one in table(found, now=time.time()) if "kf-stuck" in one)
        assert f"; cannot delete configmap {NAMESPACE}/kf-stuck: Kubernetes answers 403: " in row
        assert "1 removed, 1 not removed" in verdict(found)
    finally:
        remote.core.delete_namespaced_config_map("kf-stuck", NAMESPACE)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--kf-dry-run"], "--kf-dry-run says what would be removed by --kf-cleanup, which was"),
        (["--kf-cleanup-all", "--kf-cleanup-session=x"], "give one of them"),
    ],
)
def test_mistakes(pytester: pytest.Pytester, arguments: list[str], message: str) -> None:
    result = pytester.runpytest_subprocess(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{message}*"])
