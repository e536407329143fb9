"""Who somebody is, the gateway says, and it believes no claim and no bad token."""

from collections.abc import Mapping

import pytest

from pytest_kubeflow import (
    AccountToken,
    Callers,
    CallerSession,
    Cluster,
    Deadline,
    WaitTimeout,
    forgeries,
    skip_for,
    wait_until,
)

from .endpoints import Endpoint

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
    endpoints: dict[str, Endpoint],
    owner: CallerSession,
    callers: Callers,
    user: str,
    user_header: str,
) -> None:
    """The user header in a request without credentials gives no access."""
    endpoint = endpoints["pipelines"]
    endpoint.allows(owner)
    endpoint.refuses(callers.anonymous(), headers={user_header: user})
    endpoint.allows(owner)


def test_what_we_say_of_ourselves_counts_for_nothing(
    endpoints: dict[str, Endpoint], owner: CallerSession, user_header: str
) -> None:
    """A logged-in user stays who they are when their request names another user."""
    endpoint = endpoints["workgroups"]
    endpoint.require(owner)

    def name(headers: Mapping[str, str] | None = None) -> object:
        found = endpoint.allows(owner, headers=headers).json
        assert isinstance(found, dict)
        return found["user"]

    ours = name()
    for claimed in ("somebody-else@example.com", "system:serviceaccount:kubeflow:ml-pipeline"):
        who = name({user_header: claimed})
        assert who == ours, f"the gateway is open to all: it believes {user_header}: {claimed}"


def test_what_a_foreign_account_says_of_itself_counts_for_nothing(
    endpoints: dict[str, Endpoint],
    callers: Callers,
    own_account: AccountToken,
    foreign_account: AccountToken,
    user_header: str,
) -> None:
    """An account of another namespace that claims to be ours is refused."""
    endpoint = endpoints["pipelines"]
    theirs = callers.bearer(foreign_account.token, f"the foreign account {foreign_account.user}")
    endpoint.allows(callers.bearer(own_account.token, f"our account {own_account.user}"))
    endpoint.refuses(theirs, known=True, headers={user_header: own_account.user})


def test_tampered_tokens_are_refused(
    endpoints: dict[str, Endpoint],
    callers: Callers,
    own_account: AccountToken,
    foreign_account: AccountToken,
) -> None:
    """A token that was altered or signed by somebody else is refused."""
    endpoint = endpoints["pipelines"]
    ours = callers.bearer(own_account.token, f"our account {own_account.user}")
    endpoint.allows(ours)
    for what, forged in forgeries(own_account, foreign_account).items():
        endpoint.refuses(callers.bearer(forged, f"a forged token ({what})"))
    endpoint.allows(ours)


def test_expired_token_is_refused(
    endpoints: dict[str, Endpoint],
    owner: CallerSession,
    callers: Callers,
    brief_token: AccountToken,
    kf_cluster: Cluster,
) -> None:
    """A token is accepted before its end and refused after it."""
    endpoint = endpoints["pipelines"]
    brief = callers.bearer(brief_token.token, f"the token of {brief_token.user}")
    endpoint.allows(brief)
    seconds = min(brief_token.seconds_left + SKEW + 15, kf_cluster.config.session.timeout)
    try:
        wait_until(
            lambda: brief.get(endpoint.path),
            lambda reply: reply.status != 200,
            deadline=Deadline.after(seconds),
            what="an expired token to be refused",
        )
    except WaitTimeout:
        over = -brief_token.seconds_left
        pytest.fail(f"{endpoint.name} is open to all: a token is taken {over:.0f} s after its end")
    endpoint.refuses(brief)
    endpoint.allows(owner)
