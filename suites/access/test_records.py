"""Who reads what runs recorded in ML Metadata: names, parameters and URIs of artifacts."""

import pytest
from kfp import dsl

from pytest_kubeflow import (
    AccountToken,
    Callers,
    CallerSession,
    MetadataSource,
    PipelineRun,
    SourceUnavailable,
    skip_for,
)

CONTENT = "for the owner of this namespace"
STORE = "/ml_metadata.MetadataStoreService/GetContextTypes"


@dsl.component(base_image="python:3.11")
def record(text: str) -> str:
    """Return `text`."""
    return text


@dsl.pipeline(name="recorded")
def recorded(text: str) -> str:
    """Leave `text` in ML Metadata."""
    return record(text=text).output


def read(caller: CallerSession, run: PipelineRun) -> list[object]:
    """What the tasks of the run returned, as `caller` reads it.

    Raises SourceUnavailable for whoever is refused.
    """
    tasks = MetadataSource(caller.post).tasks(run.run_id)
    return [value for task in tasks for value in task.outputs.values()]


@pytest.fixture
def reads(pipeline_run: PipelineRun, owner: CallerSession) -> None:
    """Skip the test where we do not read it by the gateway ourselves."""
    try:
        found = read(owner, pipeline_run)
    except SourceUnavailable as error:
        skip_for("records", f"records of runs are not read through the gateway: {error}")
    assert CONTENT in found, f"ML Metadata does not tell what our run returned: {found}"


def reads_them(caller: CallerSession, run: PipelineRun) -> bool:
    """Whether `caller` reads what we read. Fails if they are neither allowed nor refused."""
    try:
        found = read(caller, run)
    except SourceUnavailable as error:
        if not (reply := caller.get(STORE)).is_refusal:
            pytest.fail(f"ML Metadata does not refuse {caller.name}: {error}; {reply}")
        return False
    assert CONTENT in found, f"ML Metadata tells {caller.name} something else: {found}"
    return True


@pytest.mark.kf_pipeline(recorded, arguments={"text": CONTENT})
@pytest.mark.usefixtures("reads")
def test_strangers_do_not_read_what_runs_recorded(
    pipeline_run: PipelineRun, owner: CallerSession, callers: Callers
) -> None:
    """Without credentials, ML Metadata gives no output of our run."""
    stranger = callers.anonymous()
    if reads_them(stranger, pipeline_run):
        pytest.fail(f"ML Metadata is open to all: {stranger.name} reads what our run returned")
    assert CONTENT in read(owner, pipeline_run)


@pytest.mark.kf_pipeline(recorded, arguments={"text": CONTENT})
@pytest.mark.usefixtures("reads")
def test_a_foreign_account_does_not_read_what_our_runs_recorded(
    pipeline_run: PipelineRun,
    callers: Callers,
    own_account: AccountToken,
    foreign_account: AccountToken,
) -> None:
    """ML Metadata gives an account of another namespace no output of our run."""
    ours = callers.bearer(own_account.token, f"our account {own_account.user}")
    theirs = callers.bearer(foreign_account.token, f"the foreign account {foreign_account.user}")
    if reads_them(theirs, pipeline_run):
        # Kubeflow's asks nobody who he is: this is expected of every cluster.
        pytest.xfail(
            "ML Metadata gives everyone who gets through the gateway the records of all profiles: "
            f"{theirs.name} reads what our run returned"
        )
    assert reads_them(ours, pipeline_run), f"ML Metadata refuses {ours.name} too"
