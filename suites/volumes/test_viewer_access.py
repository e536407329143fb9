"""A viewer opens for the owner of its profile alone, and so does the app that opens it."""

import pytest

from pytest_kubeflow import AccountToken, AppVolume, Callers, CallerSession, Reply

from ..access.endpoints import AS_JSON, Endpoint

pytestmark = pytest.mark.kf_requires("pvcviewers")

# The app takes any pair that is equal.
FORGED = {"Cookie": "XSRF-TOKEN=equal", "X-XSRF-TOKEN": "equal"}


@pytest.fixture
def owner(callers: Callers) -> CallerSession:
    """Ourselves, at the gateway."""
    return callers.owner()


def allows(volume: AppVolume, caller: CallerSession) -> None:
    """Ask as its owner. Fails if they are refused."""
    reply = caller.get(volume.viewer.health_path, headers=AS_JSON)
    message = f"the viewer of {volume.name} does not open for {caller.name}: {reply}"
    assert reply.status == 200, message
    assert isinstance(reply.json, dict) or "OK" in reply.text, message


def endpoint(of: AppVolume) -> Endpoint:
    """Its path, as whoever has to be sent away asks for it."""
    return Endpoint(f"the viewer of {of.name}", of.viewer.health_path)


def test_strangers_are_refused_and_the_owner_gets_in(
    browsed: AppVolume, owner: CallerSession, callers: Callers
) -> None:
    """The viewer of a volume opens for its owner, and not without credentials."""
    allows(browsed, owner)
    endpoint(browsed).refuses(callers.anonymous())
    allows(browsed, owner)


def test_tokens_of_accounts_are_refused_and_the_owner_gets_in(
    browsed: AppVolume,
    owner: CallerSession,
    callers: Callers,
    own_account: AccountToken,
    foreign_account: AccountToken,
) -> None:
    """The viewer of a volume opens for its owner, and for no service account.

    The profile's own default-editor works in the web app, and is not let into viewers.
    """
    allows(browsed, owner)
    for account, whose in ((own_account, "our account"), (foreign_account, "another profile's")):
        caller = callers.bearer(account.token, f"{whose} {account.user}")
        endpoint(browsed).refuses(caller, known=True)
    allows(browsed, owner)


def test_a_foreign_account_opens_no_viewer_of_ours_and_we_do(
    browsed: AppVolume, owner: CallerSession, callers: Callers, foreign_account: AccountToken
) -> None:
    """The web app makes a viewer for the owner, and for nobody else.

    We get as far as hearing that there is one already.
    """
    path = f"/volumes/api/namespaces/{browsed.namespace}/viewers"

    def asks(caller: CallerSession) -> Reply:
        return caller.send("POST", path, body={"name": browsed.name}, headers=FORGED, safe=True)

    reply = asks(owner)
    message = f"the volumes web app does not tell its owner that there is a viewer already: {reply}"
    assert reply.status == 409, message
    for caller in (
        callers.anonymous(),
        callers.bearer(foreign_account.token, f"the foreign account {foreign_account.user}"),
    ):
        reply = asks(caller)
        asked = f"{caller.name} asks for a viewer of {browsed.name}"
        assert reply.is_refusal, f"the volumes web app does not refuse it: {asked} ({reply})"
