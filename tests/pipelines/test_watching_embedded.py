"""RunWatcher on the embedded KFP: real runs, a real watch, and outages on the way there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client as kubernetes_api
from kubernetes import config as kubernetes_config

from pytest_kubeflow.auth.anonymous import Anonymous
from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.errors import ClusterUnreachable, NotFound
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.local.endpoints import Endpoints
from pytest_kubeflow.pipelines.client import calling, make_kfp_client
from pytest_kubeflow.pipelines.experiment import Experiment
from pytest_kubeflow.pipelines.following.session_runs import SessionRuns
from pytest_kubeflow.pipelines.following.watcher import RunWatcher
from pytest_kubeflow.pipelines.packages.package import compile_pipeline
from pytest_kubeflow.pipelines.runs.view import RunView
from pytest_kubeflow.waiting import Deadline
from tests.pipelines.test_watcher import Waiting, until
from tests.scheduling.pipelines import resting
from tests.scheduling.relay import Relay

NAMESPACE = "kubeflow"


@pytest.fixture(scope="module")
def where() -> Iterator[Endpoints]:
    with LocalKubeflow(multi_user=False) as cluster:
        yield cluster.endpoints


class Counting(SessionRuns):
    """One that counts what it asks."""

    lists = 0

    def recent(self, count: int) -> list[RunView]:
        self.lists += 1
        return super().recent(count)


class Bench:
    """A cluster with an experiment, reached by `relay`; and who watches its runs."""

    def __init__(self, where: Endpoints, relay: Relay, folder: Path, *, watch: bool) -> None:
        self.relay = relay
        self._path = folder / "resting.yaml"
        compile_pipeline(resting).write(self._path)
        self._direct = self._client(where.host)
        self._experiment = Experiment(self._direct, None, Ownership("tests"))
        self.runs = Counting(
            self._client(relay.url),
            self._experiment,
            kubernetes=KubernetesClient(where.kubeconfig) if watch else None,
            namespace=NAMESPACE,
        )

    def _client(self, host: str) -> Any:
        return make_kfp_client(
            host, credentials=Anonymous(), settings=GatewaySettings(host), namespace=None
        )

    def submit(self, seconds: str) -> RunView:
        with calling("create a run"):
            made = self._direct.run_pipeline(
                self._experiment.id,
                "resting",
                str(self._path),
                params={"seconds": seconds},
                enable_caching=False,
            )
        return RunView.of(made)

    def delete(self, run: RunView) -> None:
        self._direct.terminate_run(run.run_id)
        self._direct.delete_run(run.run_id)

    def state(self, run: RunView) -> str:
        return str(self._direct.get_run(run.run_id).state)


Make = Callable[..., Any]


@pytest.fixture
def bench(where: Endpoints, tmp_path: Path) -> Make:
    @contextmanager
    def make(
        *, watch: bool = False, max_outage: float = 60.0
    ) -> Iterator[tuple[Bench, RunWatcher]]:
        with Relay(where.host) as relay:
            made = Bench(where, relay, tmp_path, watch=watch)
            watcher = RunWatcher(made.runs, max_outage=max_outage)
            try:
                yield made, watcher
            finally:
                watcher.close()

    return make


@pytest.mark.parametrize("watch", [False, True], ids=["polling", "kubernetes"])
def test_runs_are_followed_to_their_end(bench: Make, watch: bool) -> None:
    with bench(watch=watch) as (made, watcher):
        runs = [made.submit(seconds) for seconds in ("0", "1", "no number")]
        waits = [Waiting(watcher, run) for run in runs]
        ends = [one.result() for one in waits]
        assert [end.state for end in ends] == ["SUCCEEDED", "SUCCEEDED", "FAILED"]
        assert [end.run_id for end in ends] == [run.run_id for run in runs]
        assert all(end.ended and end.created and end.ended >= end.created for end in ends)


def test_kubernetes_tells_of_an_end_before_it_would_be_asked_for(
    bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an interval that is longer than the test's timeout, only a hint can end the wait."""
    monkeypatch.setattr("pytest_kubeflow.pipelines.following.pace._SHORTEST", 3600.0)
    with bench(watch=True) as (made, watcher):
        waiting = Waiting(watcher, made.submit("1"))
        assert waiting.result().state == "SUCCEEDED"


def test_the_same_without_a_hint_goes_on_waiting(
    bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_kubeflow.pipelines.following.pace._SHORTEST", 3600.0)
    with bench() as (made, watcher):
        run = made.submit("1")
        waiting = Waiting(watcher, run)
        until(lambda: made.state(run) == "SUCCEEDED")
        asked = made.runs.lists
        waiting.join(0.5)
        assert waiting.is_alive()
        assert made.runs.lists == asked


def test_an_outage_is_borne(bench: Make) -> None:
    with bench() as (made, watcher):
        run = made.submit("3")  # it must not have ended when the way is cut
        waiting = Waiting(watcher, run)
        until(lambda: made.runs.lists)
        made.relay.cut()
        until(lambda: made.state(run) == "SUCCEEDED")
        assert waiting.is_alive()
        made.relay.mend()
        assert waiting.result().state == "SUCCEEDED"


def test_one_for_good_ends_all_waits_with_one_reason(bench: Make) -> None:
    with bench(max_outage=0.5) as (made, watcher):
        waits = [Waiting(watcher, made.submit("60")) for _ in range(3)]
        until(lambda: made.runs.lists)
        made.relay.cut()
        outcomes = [one.result() for one in waits]
        assert isinstance(outcomes[0], ClusterUnreachable)
        assert "cannot list runs: the pipelines API does not answer" in str(outcomes[0])
        assert "Connection refused" in str(outcomes[0])
        assert outcomes == [outcomes[0]] * 3


def test_a_run_that_somebody_deletes(bench: Make) -> None:
    with bench() as (made, watcher):
        run = made.submit("60")
        waiting = Waiting(watcher, run)
        until(lambda: made.runs.lists > 1)
        made.delete(run)
        outcome = waiting.result()
        assert isinstance(outcome, NotFound)
        assert "404" in str(outcome)


def test_an_api_that_fails_now_and_then(bench: Make, where: Endpoints) -> None:
    """Every third request is answered by 503, which the fault api-503 does."""
    core = kubernetes_api.CoreV1Api(kubernetes_config.new_client_from_config(str(where.kubeconfig)))
    with bench() as (made, watcher):
        run = made.submit("1")
        core.create_namespaced_config_map(
            "kube-system", {"metadata": {"name": "embedded-faults"}, "data": {"api-503": "on"}}
        )
        try:
            assert watcher.wait(run, deadline=Deadline.after(30)).state == "SUCCEEDED"
        finally:
            core.delete_namespaced_config_map("embedded-faults", "kube-system")
            core.api_client.close()


class Renewed:
    """Credentials whose token can end, and is renewed when it is refused."""

    description = "a token that ends"
    user = None

    def __init__(self, token: str) -> None:
        self._good = self._token = token
        self.renewals = 0

    def end(self) -> None:
        self._token = "e30.e30.c2lnbmVk"

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}

    def renew(self, refused: Mapping[str, str], /) -> bool:
        assert refused == self.headers()
        self._token = self._good
        self.renewals += 1
        return True


def test_a_token_that_ends_is_renewed() -> None:
    with LocalKubeflow() as cluster:
        where = cluster.endpoints
        core = kubernetes_api.CoreV1Api(
            kubernetes_config.new_client_from_config(str(where.kubeconfig))
        )
        token = core.create_namespaced_service_account_token(
            "default-editor", where.namespace, {"spec": {"expirationSeconds": 600}}
        ).status.token
        core.api_client.close()
        credentials = Renewed(token)
        client = make_kfp_client(
            f"{where.host}/pipeline",
            credentials=credentials,
            settings=GatewaySettings(where.host),
            namespace=where.namespace,
        )
        experiment = Experiment(client, where.namespace, Ownership("tests"))
        source = Counting(client, experiment, kubernetes=None, namespace=where.namespace)
        made = client.create_run_from_pipeline_func(
            resting,
            arguments={"seconds": "1"},
            experiment_id=experiment.id,
            enable_caching=False,
        )
        watcher = RunWatcher(source)
        try:
            waiting = Waiting(watcher, RunView(made.run_id, "resting", ""))
            until(lambda: source.lists)
            credentials.end()
            assert waiting.result().state == "SUCCEEDED"
        finally:
            watcher.close()
        assert credentials.renewals == 1
