"""Who somebody is, the gateway says, and it believes no claim and no bad token."""

from collections.abc import Mapping

import pytest

from pytest_kubeflow import (
    AccountToken,
    Cluster,
    Deadline,
    Visitor,
    Visitors,
    WaitTimeout,
    forgeries,
    skip_for,
    wait_until,
)

from .doors import Door

SKEW = 60
"""Seconds for which Envoy takes a token after its end, as clocks differ."""


@pytest.fixture
def user(kf_cluster: Cluster) -> str:
    """Who we are to the gateway."""
    if kf_cluster.user is None:
        skip_for("login", f"who we are there is not told by {kf_cluster.credentials.description}")
    return kf_cluster.user


@pytest.fixture
def user_header(kf_cluster: Cluster) -> str:
    """The header in which the gateway names the user to what is behind it."""
    return kf_cluster.config.gateway.userid_header


def test_what_a_stranger_says_of_itself_counts_for_nothing(
    doors: dict[str, Door], owner: Visitor, visitors: Visitors, user: str, user_header: str
) -> None:
    """The user header in a request without credentials gives no access."""
    door = doors["pipelines"]
    door.opens_for(owner)
    door.refuses(visitors.anonymous(), headers={user_header: user})
    door.opens_for(owner)


def test_what_we_say_of_ourselves_counts_for_nothing(
    doors: dict[str, Door], owner: Visitor, user_header: str
) -> None:
    """A logged-in user stays who they are when their request names another user."""
    door = doors["workgroups"]
    door.require(owner)

    def name(headers: Mapping[str, str] | None = None) -> object:
        told = door.opens_for(owner, headers=headers).json
        assert isinstance(told, dict)
        return told["user"]

    ours = name()
    for claimed in ("somebody-else@example.com", "system:serviceaccount:kubeflow:ml-pipeline"):
        who = name({user_header: claimed})
        assert who == ours, f"the gateway is open to all: it believes {user_header}: {claimed}"


def test_what_a_foreign_account_says_of_itself_counts_for_nothing(
    doors: dict[str, Door],
    visitors: Visitors,
    own_account: AccountToken,
    foreign_account: AccountToken,
    user_header: str,
) -> None:
    """An account of another namespace that claims to be ours is refused."""
    door = doors["pipelines"]
    theirs = visitors.bearer(foreign_account.token, f"the foreign account {foreign_account.user}")
    door.opens_for(visitors.bearer(own_account.token, f"our account {own_account.user}"))
    door.refuses(theirs, known=True, headers={user_header: own_account.user})


def test_tampered_tokens_are_refused(
    doors: dict[str, Door],
    visitors: Visitors,
    own_account: AccountToken,
    foreign_account: AccountToken,
) -> None:
    """A token that was altered or signed by somebody else is refused."""
    door = doors["pipelines"]
    ours = visitors.bearer(own_account.token, f"our account {own_account.user}")
    door.opens_for(ours)
    for what, forged in forgeries(own_account, foreign_account).items():
        door.refuses(visitors.bearer(forged, f"a forged token ({what})"))
    door.opens_for(ours)


def test_expired_token_is_refused(
    doors: dict[str, Door],
    owner: Visitor,
    visitors: Visitors,
    brief_token: AccountToken,
    kf_cluster: Cluster,
) -> None:
    """A token is accepted before its end and refused after it."""
    door = doors["pipelines"]
    brief = visitors.bearer(brief_token.token, f"the token of {brief_token.user}")
    door.opens_for(brief)
    patience = min(brief_token.seconds_left + SKEW + 15, kf_cluster.config.session.timeout)
    try:
        wait_until(
            lambda: brief.get(door.path),
            lambda reply: reply.status != 200,
            deadline=Deadline.after(patience),
            what="an expired token to be refused",
        )
    except WaitTimeout:
        over = -brief_token.seconds_left
        pytest.fail(f"{door.name} is open to all: a token is taken {over:.0f} s after its end")
    door.refuses(brief)
    door.opens_for(owner)
