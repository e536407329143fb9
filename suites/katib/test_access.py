"""Katib's web app: the owner is allowed, and nobody else."""

import pytest

from pytest_kubeflow import (
    AccountToken,
    Callers,
    CallerSession,
    Deadline,
    KatibExperiment,
    Reply,
    wait_until,
)

pytestmark = [
    pytest.mark.kf_requires("katib"),
    pytest.mark.kf_images(algorithms=["random"], early_stopping=[], collectors=["StdOut"]),
]


def paths(experiment: KatibExperiment) -> dict[str, str]:
    """What the app's page asks for, by what it is."""
    where = f"namespace={experiment.namespace}"
    return {
        "the list of experiments": f"/katib/fetch_experiments/?{where}",
        "an experiment": f"/katib/fetch_experiment/?experimentName={experiment.name}&{where}",
        "its numbers": f"/katib/fetch_hp_job_info/?experimentName={experiment.name}&{where}",
    }


def allows(experiment: KatibExperiment, caller: CallerSession) -> None:
    """Ask as its owner. Fails if they are refused."""
    for what, path in paths(experiment).items():
        # Of an experiment of the same moment the app says 500, "doesn't have any condition".
        reply = wait_until(
            lambda path=path: caller.get(path),  # type: ignore[misc]
            lambda reply: reply.status != 500,
            deadline=Deadline.after(60),
            what=f"Katib's web app to show {what}",
        )
        assert reply.status == 200, f"{what} is not shown to {caller.name}: {reply}"


def refuses(experiment: KatibExperiment, caller: CallerSession) -> list[Reply]:
    """Ask as somebody who has to be sent away."""
    replies = []
    for what, path in paths(experiment).items():
        reply = caller.get(path)
        assert reply.status != 200, f"{what} is open to all: {caller.name} is allowed ({reply})"
        assert reply.is_refusal, f"{what} is neither shown to {caller.name} nor refused: {reply}"
        replies.append(reply)
    return replies


@pytest.mark.usefixtures("katib_ui")
def test_strangers_are_refused_and_the_owner_gets_in(
    search: KatibExperiment, callers: Callers
) -> None:
    """Katib's UI shows an experiment to its owner, and not without credentials."""
    allows(search, callers.owner())
    refuses(search, callers.anonymous())


@pytest.mark.usefixtures("katib_ui")
def test_accounts_of_others_are_refused_and_the_owner_gets_in(
    search: KatibExperiment, callers: Callers, foreign_account: AccountToken
) -> None:
    """Katib's UI shows an experiment to no account of another namespace.

    The app refuses the profile's own accounts too: it reads their names wrong.

    USERID_PREFIX is a colon where nobody has set it, and the first one is taken out of the user
    (katib pkg/ui/v1beta1/authzn.go): "systemserviceaccount:...".
    """
    allows(search, callers.owner())
    stranger = callers.bearer(foreign_account.token, f"the account {foreign_account.user}")
    for reply in refuses(search, stranger):
        assert reply.status == 403, f"Katib's web app does not know {stranger.name}: {reply}"
    allows(search, callers.owner())
