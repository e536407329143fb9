"""Katib's web app: the owner is let in, and nobody else."""

import pytest

from pytest_kubeflow import AccountToken, KatibExperiment, Reply, Visitor, Visitors

pytestmark = pytest.mark.kf_requires("katib")


def paths(experiment: KatibExperiment) -> dict[str, str]:
    """What the app's page asks for, by what it is."""
    where = f"namespace={experiment.namespace}"
    return {
        "the list of experiments": f"/katib/fetch_experiments/?{where}",
        "an experiment": f"/katib/fetch_experiment/?experimentName={experiment.name}&{where}",
        "its numbers": f"/katib/fetch_hp_job_info/?experimentName={experiment.name}&{where}",
    }


def opens_for(experiment: KatibExperiment, visitor: Visitor) -> None:
    """Ask as its owner. Fails if they are not let in."""
    for what, path in paths(experiment).items():
        reply = visitor.get(path)
        assert reply.status == 200, f"{what} is not shown to {visitor.name}: {reply}"


def refuses(experiment: KatibExperiment, visitor: Visitor) -> list[Reply]:
    """Ask as somebody who has to be sent away."""
    replies = []
    for what, path in paths(experiment).items():
        reply = visitor.get(path)
        assert reply.status != 200, f"{what} is open to all: {visitor.name} is let in ({reply})"
        assert reply.is_refusal, f"{what} is neither shown to {visitor.name} nor refused: {reply}"
        replies.append(reply)
    return replies


def test_strangers_are_refused_and_the_owner_gets_in(
    search: KatibExperiment, visitors: Visitors
) -> None:
    opens_for(search, visitors.owner())
    refuses(search, visitors.anonymous())


def test_accounts_of_others_are_refused_and_our_own_gets_in(
    search: KatibExperiment,
    visitors: Visitors,
    own_account: AccountToken,
    foreign_account: AccountToken,
) -> None:
    opens_for(search, visitors.bearer(own_account.token, f"our account {own_account.user}"))
    stranger = visitors.bearer(foreign_account.token, f"the account {foreign_account.user}")
    for reply in refuses(search, stranger):
        assert reply.status == 403, f"Katib's web app does not know {stranger.name}: {reply}"
