"""What interrupted sessions left behind in KFP goes once its time is over; nothing else does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.auth.anonymous import Anonymous
from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.pipelines.client import make_kfp_client
from pytest_kubeflow.pipelines.experiment import Experiment, describe, labels_in, reap
from pytest_kubeflow.pipelines.packages.package import compile_pipeline
from suites.pipelines.pythagorean import pythagorean

PAST, FUTURE = 1000, 4_000_000_000


@given(st.text(max_size=80))
def test_labels_come_back_out_of_a_description(owner: str) -> None:
    ownership = Ownership(owner)
    found = labels_in(describe(ownership))
    assert found == {key: value for key, value in ownership.labels().items() if value}
    assert labels_in(owner + " and more") == labels_in(owner)


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with LocalKubeflow(multi_user=False) as cluster:
        host = cluster.endpoints.host
        yield make_kfp_client(
            host, credentials=Anonymous(), settings=GatewaySettings(host), namespace=None
        )


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("package") / "pipeline.yaml"
    compile_pipeline(pythagorean).write(path)
    return path


def submit(client: Any, package: Path, experiment: str) -> str:
    run = client.run_pipeline(experiment, "a-run", str(package), params={"a": 3.0, "b": 4.0})
    return str(run.run_id)


def ids(page: Any, field: str, key: str) -> set[str]:
    return {getattr(one, key) for one in getattr(page, field) or ()}


def test_what_has_expired_goes_and_all_else_stays(client: Any, package: Path) -> None:
    old = Experiment(client, None, Ownership("nightly", expires=PAST)).id
    young = Experiment(client, None, Ownership("nightly", expires=FUTURE)).id
    foreign = client.create_experiment("pytest-kubeflow-0123456789").experiment_id
    gone, kept = submit(client, package, old), submit(client, package, young)
    theirs = submit(client, package, foreign)
    pipelines = {
        name: client.upload_pipeline(str(package), name, description=description).pipeline_id
        for name, description in {
            "old": describe(Ownership("nightly", expires=PAST)),
            "young": describe(Ownership("nightly", expires=FUTURE)),
            "foreign": "pytest-kubeflow.io/expires=1000, says somebody else",
        }.items()
    }

    deleted = []
    reaped = reap(client, None, deleted=lambda *run: deleted.append(run))
    assert deleted == [("pythagorean", gone)]
    found = {str(one) for one in reaped}
    assert {one.split()[0] for one in found} == {"experiment", "pipeline"}
    assert len(found) == 2

    experiments = ids(client.list_experiments(page_size=100), "experiments", "experiment_id")
    assert old not in experiments
    assert experiments >= {young, foreign}
    runs = ids(client.list_runs(page_size=100), "runs", "run_id")
    assert gone not in runs
    assert runs >= {kept, theirs}
    left = ids(client.list_pipelines(page_size=100), "pipelines", "pipeline_id")
    assert left == {pipelines["young"], pipelines["foreign"]}


def test_a_session_that_outlives_its_labels_is_left_alone(client: Any) -> None:
    """It says that it lives, until it ends; and then for what it kept."""
    long = Experiment(client, None, Ownership("nightly", "long", expires=PAST))
    made = long.id
    fresh = Ownership("nightly", "long")
    alive = Experiment(client, None, fresh)
    assert alive.id != made
    assert reap(client, None) == []
    alive.renew()
    alive.renew()
    descriptions = [
        labels_in(one.description)
        for one in client.list_experiments(page_size=100).experiments
        if labels_in(one.description).get("pytest-kubeflow.io/run-id") == "long"
    ]
    assert len(descriptions) == 3  # the first, the second, and the last of its records
    alive.delete()
    assert {one.id for one in reap(client, None)} == {made}


def test_what_was_kept_has_its_time(client: Any) -> None:
    kept = Experiment(client, None, Ownership("nightly", "kept", expires=PAST))
    experiment = kept.id
    kept.renew(lifetime=1000.0)
    assert reap(client, None) == []
    gone = reap(client, None, clock=lambda: time.time() + 2000)
    assert experiment in {one.id for one in gone}
    assert len(gone) == 2
