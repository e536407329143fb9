"""What the embedded cluster keeps in a data directory: all of it, however the server ends."""

from __future__ import annotations

import json
import os
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


def test_nothing_is_lost_when_the_server_is_killed(tmp_path: Path) -> None:
    from kfp import compiler

    with running(tmp_path, kill=True) as member:
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
    with running(tmp_path) as member:
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
        with pytest.raises(LocalKubeflowError, match="is in use by another embedded Kubeflow"):
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
