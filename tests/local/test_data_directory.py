"""What the embedded cluster keeps in a data directory: all of it, however the server ends."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from pytest_kubeflow.local.cluster import LocalKubeflow, LocalKubeflowError
from pytest_kubeflow.local.database import Database, DatabaseError
from pytest_kubeflow.pipelines.outputs.executor_log import node_of
from tests.local.pipelines.conftest import client_class
from tests.local.pipelines.flows import branched_artifacts, cached
from tests.local.pipelines.ledgers import executions
from tests.local.pipelines.member import Member, name
from tests.local.pipelines.programs import endless, greeting


@contextmanager
def running(data: Path, *, kill: bool = False) -> Iterator[Member]:
    """A cluster with this data directory; at the end it is stopped, or killed."""
    from kubernetes import client, config

    cluster = LocalKubeflow(data=data)
    where = cluster.start()
    try:
        api = config.new_client_from_config(str(where.kubeconfig))
        core = client.CoreV1Api(api)
        wanted = {"spec": {"expirationSeconds": 3600}}
        token = core.create_namespaced_service_account_token(
            "default-editor", where.namespace, wanted
        ).status.token
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {token}"
        kfp = client_class()(f"{where.host}/pipeline", existing_token=token)
        yield Member(where.host, where.namespace, kfp, session, core)
        api.close()
        if kill:
            assert cluster.pid is not None
            os.kill(cluster.pid, signal.SIGKILL)
    finally:
        cluster.stop()


def listed(member: Member, what: str) -> Any:
    return member.call("GET", what, params={"namespace": member.namespace}).json()


def cached_run(member: Member, pipeline: Any, **arguments: Any) -> Any:
    made = member.kfp.create_run_from_pipeline_func(
        pipeline, arguments, run_name=name(), namespace=member.namespace, experiment_name="Default"
    )
    return member.wait(str(made.run_id))


PYTHON = "python:3.11"
WAITING = ["sh", "-c", "echo run >> /v/log; sleep 1000"]
PODS: dict[str, dict[str, Any]] = {
    "always": {
        "restartPolicy": "Always",
        "initContainers": [{"name": "i", "command": ["sh", "-c", "echo init >> /v/log"]}],
        "containers": [{"name": "c", "command": WAITING}],
    },
    "onfailure": {"restartPolicy": "OnFailure", "containers": [{"name": "c", "command": WAITING}]},
    "never": {"restartPolicy": "Never", "containers": [{"name": "c", "command": WAITING}]},
    "done": {"restartPolicy": "Never", "containers": [{"name": "c", "command": ["true"]}]},
}
AFTER = {
    "always": ("Running", {"i": (1, 0), "c": (1, None)}, {"c": (255, "Unknown")}, True),
    "onfailure": ("Running", {"c": (1, None)}, {"c": (255, "Unknown")}, True),
    "never": ("Failed", {"c": (0, 255)}, {}, False),
    "done": ("Succeeded", {"c": (0, 0)}, {}, False),
}
"""What Kubernetes 1.34 with containerd shows of them after its node was down.

Phase, restarts and exit code by container, what is said of the runs before, and whether an event
tells that the sandbox has changed.
"""


def leave(member: Member) -> None:
    """Pods of each kind, a Job, a claim with what they have written, a profile."""
    from kubernetes import client

    core, namespace = member.core, member.namespace
    size = {"requests": {"storage": "1Mi"}}
    spec = {"accessModes": ["ReadWriteOnce"], "resources": size}
    core.create_namespaced_persistent_volume_claim(
        namespace, {"metadata": {"name": "kept"}, "spec": spec}
    )
    for kind, pod in PODS.items():
        core.create_namespaced_pod(namespace, {"metadata": {"name": kind}, "spec": with_claim(pod)})
    job = {"backoffLimit": 3, "template": {"spec": with_claim(PODS["never"])}}
    client.BatchV1Api(core.api_client).create_namespaced_job(
        namespace, {"metadata": {"name": "job"}, "spec": job}
    )
    profile = {
        "apiVersion": "kubeflow.org/v1",
        "kind": "Profile",
        "metadata": {"name": "somebody"},
        "spec": {"owner": {"kind": "User", "name": "somebody@example.com"}},
    }
    client.CustomObjectsApi(core.api_client).create_cluster_custom_object(
        "kubeflow.org", "v1", "profiles", profile
    )
    member.until(
        lambda: core.list_namespaced_service_account("somebody").items, "the profile's accounts"
    )
    phases = {"always": "Running", "onfailure": "Running", "never": "Running", "done": "Succeeded"}
    member.until(
        lambda: {one: seen(member, one)[0] for one in phases} == phases, f"pods to be {phases}"
    )
    member.until(lambda: of_job(member)[0].status.phase == "Running", "the Job to run")


def with_claim(spec: dict[str, Any]) -> dict[str, Any]:
    mounts: dict[str, Any] = {"image": PYTHON, "volumeMounts": [{"name": "v", "mountPath": "/v"}]}
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "kept"}}]
    mounted: dict[str, Any] = {"volumes": volumes, "terminationGracePeriodSeconds": 0}
    for group in ("initContainers", "containers"):
        mounted[group] = [{**one, **mounts} for one in spec.get(group, ())]
    return {**spec, **mounted}


def of_job(member: Member) -> list[Any]:
    selector = "batch.kubernetes.io/job-name=job"
    pods = member.core.list_namespaced_pod(member.namespace, label_selector=selector).items
    return sorted(pods, key=lambda one: str(one.metadata.creation_timestamp))


def seen(member: Member, pod: str) -> tuple[Any, ...]:
    """As AFTER has it."""
    found = member.core.read_namespaced_pod(pod, member.namespace).status
    statuses = [*(found.init_container_statuses or []), *(found.container_statuses or [])]
    ends = {one.name: (one.restart_count, code(one.state)) for one in statuses}
    last = {
        one.name: (one.last_state.terminated.exit_code, one.last_state.terminated.reason)
        for one in statuses
        if one.last_state.terminated and one.name == "c"
    }
    selector = f"involvedObject.name={pod},reason=SandboxChanged"
    events = member.core.list_namespaced_event(member.namespace, field_selector=selector).items
    return found.phase, ends, last, bool(events)


def code(state: Any) -> int | None:
    return state.terminated.exit_code if state.terminated else None


def found_again(member: Member, data: Path, namespaces: dict[str, str]) -> None:
    core = member.core
    assert uids(member) == namespaces
    member.until(lambda: {one: seen(member, one) for one in AFTER} == AFTER, f"pods to be {AFTER}")
    lost, again = member.until(
        lambda: (both := of_job(member))[1:] and both[1].status.phase == "Running" and both,
        "the Job to go on",
    )
    assert (lost.status.phase, again.status.phase) == ("Failed", "Running")
    claim = core.read_namespaced_persistent_volume_claim("kept", member.namespace)
    volume = core.read_persistent_volume(claim.spec.volume_name)
    assert (claim.status.phase, volume.status.phase) == ("Bound", "Bound")
    (log,) = data.glob(f"volumes/{claim.spec.volume_name}_*/log")
    assert log.read_text().split().count("init") == 2
    assert log.read_text().split().count("run") == 7
    # Components are there once, of this start.
    for one in core.list_namespaced_pod("kubeflow").items:
        assert one.status.phase == "Running", one.metadata.name
    # The node is the one of before, and so are its objects.
    (node,) = core.list_node().items
    assert not node.spec.taints


def uids(member: Member) -> dict[str, str]:
    return {one.metadata.name: one.metadata.uid for one in member.core.list_namespace().items}


def test_nothing_is_lost_when_the_server_is_killed(tmp_path: Path) -> None:
    from kfp import compiler

    with running(tmp_path, kill=True) as member:
        leave(member)
        package = tmp_path / "greeting.yaml"
        compiler.Compiler().compile(greeting, str(package))
        member.kfp.upload_pipeline(str(package), name("p"), namespace=member.namespace)
        experiment = member.kfp.create_experiment("größer", namespace=member.namespace)
        member.kfp.create_recurring_run(
            experiment.experiment_id,
            job_name="yearly",
            cron_expression="0 0 0 1 1 *",
            pipeline_package_path=str(package),
        )
        done = cached_run(member, cached, label="x")
        artifacts = cached_run(member, branched_artifacts, text="yes")
        going = member.start(endless)
        member.until(
            lambda: member.details(going).get("one", {}).get("state") == "RUNNING",
            "a task to run",
        )
        before = {
            what: listed(member, what) for what in ("pipelines", "experiments", "recurringruns")
        }
        run = member.call("GET", f"runs/{done.run_id}").json()
        ledger = executions(member, done.run_id)
        namespaces = uids(member)
        last = {"metadata": {"name": "last"}}
        last = member.core.create_namespaced_config_map(member.namespace, last).metadata.uid
    with running(tmp_path) as member:
        assert member.core.read_namespaced_config_map("last", member.namespace).metadata.uid == last
        assert {what: listed(member, what) for what in before} == before
        assert member.call("GET", f"runs/{done.run_id}").json() == run
        assert executions(member, done.run_id) == ledger
        # The run that was going on goes on: what had succeeded is not done again.
        member.until(
            lambda: member.details(going).get("two", {}).get("state") == "RUNNING",
            "the interrupted run to go on",
        )
        assert member.details(going)["greet"]["state"] == "SUCCEEDED"
        assert "greet" not in {
            node.path[-1] for pod in member.pods(going) if (node := node_of(pod)) is not None
        }
        member.kfp.terminate_run(going)
        # The cache knows what was done, and the objects are still there.
        again = cached_run(member, cached, label="x")
        assert all(one.cached for one in member.nodes(again.run_id).tasks.values() if one.executor)
        records = member.records(artifacts.run_id)
        copied = cached_run(member, branched_artifacts, text="yes")
        assert copied.state == "SUCCEEDED", member.errors(copied)
        after = member.records(copied.run_id)
        assert after["read"].outputs == records["read"].outputs == {"out": "first"}
        found_again(member, tmp_path, namespaces)
        with pytest.raises(LocalKubeflowError, match="is in use by another embedded Kubeflow"):
            LocalKubeflow(data=tmp_path).start()


def test_a_directory_with_volumes_that_was_moved_is_told(tmp_path: Path) -> None:
    (tmp_path / "volumes" / "pvc-1").mkdir(parents=True)
    database = Database(tmp_path / "multi-user.db")
    database.put("server", "directory", "/elsewhere")
    database.close()
    why = (
        f"{tmp_path} was at /elsewhere, and the volumes in it are known by that path: move it back"
    )
    with pytest.raises(LocalKubeflowError, match=re.escape(why)):
        LocalKubeflow(data=tmp_path).start()


def test_rows_keep_the_order_in_which_they_came(tmp_path: Path) -> None:
    path = tmp_path / "a" / "rows.db"
    database = Database(path)
    for key in ("b", "a", "c"):
        database.put("kind", key, json.dumps(key))
    database.put("kind", "b", '"again"')
    database.put("other", "b", "1")
    database.remove("kind", "c")
    database.close()
    again = Database(path)
    assert list(again.rows("kind")) == [("b", '"again"'), ("a", '"a"')]
    assert list(again.rows("other")) == [("b", "1")]
    again.close()


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "rows.db"
    path.write_text("this is not SQLite, whatever its name says" * 100)
    with pytest.raises(DatabaseError, match=r"rows\.db cannot be used: file is not a database"):
        Database(path)


def test_a_database_of_another_format_is_told(tmp_path: Path) -> None:
    path = tmp_path / "rows.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(DatabaseError, match="format 99, this one reads 1"):
        Database(path)
