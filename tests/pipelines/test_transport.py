"""A kfp.Client on a way that loses, cuts and replaces responses."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.auth.anonymous import Anonymous
from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.errors import (
    ClusterUnreachable,
    KubeflowError,
    NotFound,
)
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.pipelines.client import calling, create_run, make_kfp_client, recent_runs
from pytest_kubeflow.pipelines.experiment import Experiment
from pytest_kubeflow.pipelines.packages.package import compile_pipeline
from pytest_kubeflow.pipelines.runs.access import RunAccess
from pytest_kubeflow.pipelines.shared import require_shared
from pytest_kubeflow.pipelines.submission import PipelineRunner, prepare
from suites.pipelines.pythagorean import pythagorean
from tests.retries.unreliable import (
    FAULTS,
    Exchange,
    Fault,
    UnreliableEndpoint,
    status,
    unreliable_gateway,
)

HTML = FAULTS["a page of HTML with status 200"]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[UnreliableEndpoint]:
    with (
        LocalKubeflow(multi_user=False) as cluster,
        unreliable_gateway(cluster.endpoints.host) as one,
    ):
        yield one


@pytest.fixture(scope="module")
def client(endpoint: UnreliableEndpoint) -> Any:
    host = f"http://127.0.0.1:{endpoint.port}"
    return make_kfp_client(
        host, credentials=Anonymous(), settings=GatewaySettings(host), namespace=None
    )


@pytest.mark.parametrize(
    "fault",
    [one for name, one in FAULTS.items() if "500" not in name],
    ids=[name for name in FAULTS if "500" not in name],
)
def test_reads_and_deletions_are_asked_again(
    client: Any, endpoint: UnreliableEndpoint, fault: Fault
) -> None:
    experiment = client.create_experiment(f"blips-{uuid.uuid4().hex[:6]}").experiment_id
    with endpoint.every_first(fault):
        assert client.get_experiment(experiment).experiment_id == experiment
        # One that was done, and whose response was lost, is not found the next time.
        with contextlib.suppress(NotFound), calling("delete it"):
            client._experiment_api.experiment_service_delete_experiment(experiment)
    with pytest.raises(NotFound), calling("read it"):
        client.get_experiment(experiment)
    assert min(endpoint.attempts.values()) >= 2


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_lost_response_says_nothing_of_our_rights(
    client: Any, endpoint: UnreliableEndpoint, fault: Fault
) -> None:
    with endpoint.every_first(fault):
        require_shared(client)
    assert min(endpoint.attempts.values()) >= 2


def test_an_error_of_the_server_is_no_right(client: Any, endpoint: UnreliableEndpoint) -> None:
    found = status(500, "no such table: pipelines")
    with (
        endpoint.every_first(found, times=99),
        pytest.raises(KubeflowError, match="answers 500: no such table: pipelines"),
    ):
        require_shared(client)


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


def runner_of(client: Any, experiment: Experiment) -> PipelineRunner:
    """One that only submits."""
    nothing: Any = None
    access = RunAccess(client, "", (), nothing, None, str, nothing)
    return PipelineRunner(access, experiment, volumes=nothing, make_bucket=nothing)


def of_runs(method: str, path: str) -> bool:
    return method == "POST" and path.endswith("/runs")


def twice(exchange: Exchange) -> None:
    """A mesh sends the request twice by itself."""
    exchange.forward()
    exchange.deliver(exchange.forward())


@pytest.mark.parametrize("fault", [*FAULTS, "twice"])
def test_one_submission_leaves_no_other_run(
    client: Any, endpoint: UnreliableEndpoint, fault: str
) -> None:
    """Made once, whatever is lost; what a mesh has made of it besides goes with the experiment."""
    experiment = Experiment(client, None, Ownership("tests"))
    submitted = prepare(pythagorean, arguments={"a": 3.0, "b": 4.0})
    with endpoint.every_first({**FAULTS, "twice": twice}[fault], of=of_runs):
        run = runner_of(client, experiment).start(submitted)
    there = client.list_runs(experiment_id=experiment.id).runs
    assert run.run_id in {one.run_id for one in there}
    assert len(there) == (2 if fault == "twice" else 1)
    experiment.delete()
    for one in there:
        with pytest.raises(NotFound), calling("read it"):
            client.get_run(one.run_id)


def test_an_experiment_that_something_has_made_twice(
    client: Any, endpoint: UnreliableEndpoint
) -> None:
    def of_experiments(method: str, path: str) -> bool:
        return method == "POST" and path.endswith("/experiments")

    experiment = Experiment(client, None, Ownership("tests"))
    with endpoint.every_first(twice, of=of_experiments):
        assert client.get_experiment(experiment.id).experiment_id == experiment.id
    experiment.delete()


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (HTML, "what answers 200 is not the pipelines API, but 'Sign in.*': is a login or a proxy"),
        (no_id, "answers 200 with an empty object"),
    ],
    ids=["html", "no-id"],
)
def test_a_run_that_nobody_has_made(
    client: Any, endpoint: UnreliableEndpoint, tmp_path: Path, fault: Fault, message: str
) -> None:
    def only_runs(exchange: Exchange) -> None:
        created = exchange.command == "POST" and exchange.path.endswith("/runs")
        (fault if created else Exchange.pass_on)(exchange)

    with endpoint.every_first(only_runs), pytest.raises(ClusterUnreachable) as caught:
        a_run(client, tmp_path)
    assert caught.match(f"cannot create run lost: .*{message}")


def test_a_page_is_no_list_of_runs(client: Any, endpoint: UnreliableEndpoint) -> None:
    def always(exchange: Exchange) -> None:
        endpoint.attempts.clear()
        HTML(exchange)

    with (
        endpoint.every_first(always),
        pytest.raises(ClusterUnreachable, match="cannot list runs: what"),
    ):
        recent_runs(client, experiment_id="any", count=3)
