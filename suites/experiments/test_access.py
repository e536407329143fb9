"""Nobody else does anything to our experiments, runs and schedules: verb by verb."""

import pytest

from pytest_kubeflow import (
    AccountToken,
    Callers,
    CallerSession,
    Cluster,
    PipelineExperiment,
    PipelineExperimentCreator,
    PipelineRun,
    PipelineRunner,
    RecurringRun,
    Schedule,
)

from .pipelines import saying

ACTIONS = {
    "experiments": ("GET", "POST :archive", "POST :unarchive", "DELETE"),
    "runs": ("GET", "POST :archive", "POST :unarchive", "POST :terminate", "POST :retry", "DELETE"),
    "recurringruns": ("GET", "POST :enable", "POST :disable", "DELETE"),
}
"""What can be done to one of a kind, what harms it last (KFP's backend/api/v2beta1/*.proto)."""


@pytest.fixture
def experiment(pipeline_experiment: PipelineExperimentCreator) -> PipelineExperiment:
    """An experiment of ours."""
    return pipeline_experiment("kf-access")


@pytest.fixture
def recurring(experiment: PipelineExperiment) -> RecurringRun:
    """A schedule of ours that is not due for months."""
    return experiment.schedule(saying, Schedule(cron="0 0 0 1 1 *"), arguments={"text": "a"})


@pytest.fixture
def run(run_pipeline: PipelineRunner, experiment: PipelineExperiment) -> PipelineRun:
    """A run of ours, which has ended."""
    return run_pipeline(saying, arguments={"text": "a"}, experiment=experiment)


def refused_all(caller: CallerSession, url: str, kind: str, number: str, namespace: str) -> None:
    """Ask for everything that can be done, and fail at the first that is not refused."""
    base = f"{url}/apis/v2beta1/{kind}"
    asked = [("GET", f"{base}?namespace={namespace}", "list them")]
    for action in ACTIONS[kind]:
        method, _, what = action.partition(" ")
        asked.append((method, f"{base}/{number}{what}", f"{method} {kind}/ID{what}"))
    for method, path, what in asked:
        reply = caller.send(method, path, body={} if method == "POST" else None, safe=True)
        assert reply.is_refusal, f"{kind} are open to all: {caller.name} may {what} ({reply})"


@pytest.mark.parametrize("kind", ACTIONS)
def test_strangers_are_refused_each_action_and_nothing_has_changed(
    kind: str,
    callers: Callers,
    foreign_account: AccountToken,
    kf_cluster: Cluster,
    kf_namespace: str,
    experiment: PipelineExperiment,
    recurring: RecurringRun,
    run: PipelineRun,
) -> None:
    """Each verb of the API is refused to others, and the objects are unchanged."""
    number = {"experiments": experiment.id, "runs": run.run_id, "recurringruns": recurring.id}[kind]
    url = kf_cluster.kfp_api_url
    owner = callers.owner()
    stranger = callers.bearer(foreign_account.token, f"the account {foreign_account.user}")
    for caller in (stranger, callers.anonymous()):
        refused_all(caller, url, kind, number, kf_namespace)
    reply = owner.get(f"{url}/apis/v2beta1/{kind}/{number}")
    assert reply.status == 200, f"{owner.name} does not get at what is ours: {reply}"
    assert not experiment.archived
    assert not run.archived
    assert recurring.enabled
    assert run.document()["state"] == "SUCCEEDED"
