"""A kfp.Client on a way that loses, cuts and replaces responses."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.auth.anonymous import Anonymous
from pytest_kubeflow.config.model import GatewaySettings
from pytest_kubeflow.errors import ClusterUnreachable, NotFound
from pytest_kubeflow.k8s.ownership import Ownership
from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.pipelines.client import calling, create_run, make_kfp_client, recent_runs
from pytest_kubeflow.pipelines.experiment import Experiment
from pytest_kubeflow.pipelines.package import compile_pipeline
from suites.pipelines.pythagorean import pythagorean
from tests.retries.unreliable import FAULTS, Exchange, Fault, Way, unreliable_gateway

HTML = FAULTS["a page of HTML with status 200"]


@pytest.fixture(scope="module")
def way() -> Iterator[Way]:
    with (
        LocalKubeflow(multi_user=False) as cluster,
        unreliable_gateway(cluster.endpoints.host) as one,
    ):
        yield one


@pytest.fixture(scope="module")
def client(way: Way) -> Any:
    host = f"http://127.0.0.1:{way.port}"
    return make_kfp_client(
        host, credentials=Anonymous(), settings=GatewaySettings(host), namespace=None
    )


@pytest.mark.parametrize(
    "fault",
    [one for name, one in FAULTS.items() if "500" not in name],
    ids=[name for name in FAULTS if "500" not in name],
)
def test_reads_and_deletions_are_asked_again(client: Any, way: Way, fault: Fault) -> None:
    experiment = client.create_experiment(f"blips-{uuid.uuid4().hex[:6]}").experiment_id
    with way.every_first(fault):
        assert client.get_experiment(experiment).experiment_id == experiment
        # One that was done, and whose response was lost, is not found the next time.
        with contextlib.suppress(NotFound), calling("delete it"):
            client._experiment_api.experiment_service_delete_experiment(experiment)
    with pytest.raises(NotFound), calling("read it"):
        client.get_experiment(experiment)
    assert min(way.attempts.values()) >= 2


def a_run(client: Any, folder: Path) -> None:
    path = folder / "pipeline.yaml"
    compile_pipeline(pythagorean).write(path)
    create_run(
        client,
        experiment_id=Experiment(client, None, Ownership("tests")).id,
        name="lost",
        arguments={"a": 3.0, "b": 4.0},
        package_path=str(path),
    )


def no_id(exchange: Exchange) -> None:
    exchange.deliver((200, {"Content-Type": "application/json"}, b"{}"))


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (HTML, "what answers 200 is not the pipelines API, but 'Sign in.*': is a login or a proxy"),
        (no_id, "a run without an id"),
    ],
    ids=["html", "no-id"],
)
def test_a_run_that_nobody_has_made(
    client: Any, way: Way, tmp_path: Path, fault: Fault, told: str
) -> None:
    def only_runs(exchange: Exchange) -> None:
        created = exchange.command == "POST" and exchange.path.endswith("/runs")
        (fault if created else Exchange.pass_on)(exchange)

    with way.every_first(only_runs), pytest.raises(ClusterUnreachable) as caught:
        a_run(client, tmp_path)
    assert caught.match(f"cannot create run lost: .*{told}")


def test_a_page_is_no_list_of_runs(client: Any, way: Way) -> None:
    def always(exchange: Exchange) -> None:
        way.attempts.clear()
        HTML(exchange)

    with way.every_first(always), pytest.raises(ClusterUnreachable, match="cannot list runs: what"):
        recent_runs(client, experiment_id="any", count=3)
