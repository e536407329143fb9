"""A viewer opens for the owner of its profile alone, and so does the app that opens it."""

import pytest

from pytest_kubeflow import AccountToken, AppVolume, Reply, Visitor, Visitors

from ..access.doors import Door

pytestmark = pytest.mark.kf_requires("pvcviewers")

# The app takes any pair that is equal.
FORGED = {"Cookie": "XSRF-TOKEN=equal", "X-XSRF-TOKEN": "equal"}


@pytest.fixture
def owner(visitors: Visitors) -> Visitor:
    """Ourselves, at the gateway."""
    return visitors.owner()


def opens_for(volume: AppVolume, visitor: Visitor) -> None:
    """Ask as its owner. Fails if they are not let in."""
    reply = visitor.get(volume.viewer.health_path)
    told = f"the viewer of {volume.name} does not open for {visitor.name}: {reply}"
    assert reply.status == 200, told
    assert isinstance(reply.json, dict) or "OK" in reply.text, told


def door(of: AppVolume) -> Door:
    """Its path, as whoever has to be sent away asks for it."""
    return Door(f"the viewer of {of.name}", of.viewer.health_path)


def test_strangers_are_refused_and_the_owner_gets_in(
    browsed: AppVolume, owner: Visitor, visitors: Visitors
) -> None:
    """The viewer of a volume opens for its owner, and not without credentials."""
    opens_for(browsed, owner)
    door(browsed).refuses(visitors.anonymous())
    opens_for(browsed, owner)


def test_tokens_of_accounts_are_refused_and_the_owner_gets_in(
    browsed: AppVolume,
    owner: Visitor,
    visitors: Visitors,
    own_account: AccountToken,
    foreign_account: AccountToken,
) -> None:
    """The viewer of a volume opens for its owner, and for no service account.

    The profile's own default-editor works in the web app, and is not let into viewers.
    """
    opens_for(browsed, owner)
    for account, whose in ((own_account, "our account"), (foreign_account, "another profile's")):
        visitor = visitors.bearer(account.token, f"{whose} {account.user}")
        door(browsed).refuses(visitor, known=True)
    opens_for(browsed, owner)


def test_a_foreign_account_opens_no_viewer_of_ours_and_we_do(
    browsed: AppVolume, owner: Visitor, visitors: Visitors, foreign_account: AccountToken
) -> None:
    """The web app makes a viewer for the owner, and for nobody else.

    We get as far as hearing that there is one already.
    """
    path = f"/volumes/api/namespaces/{browsed.namespace}/viewers"

    def asks(visitor: Visitor) -> Reply:
        return visitor.send("POST", path, body={"name": browsed.name}, headers=FORGED, safe=True)

    reply = asks(owner)
    told = f"the volumes web app does not tell its owner that there is a viewer already: {reply}"
    assert reply.status == 409, told
    for visitor in (
        visitors.anonymous(),
        visitors.bearer(foreign_account.token, f"the foreign account {foreign_account.user}"),
    ):
        reply = asks(visitor)
        asked = f"{visitor.name} asks for a viewer of {browsed.name}"
        assert reply.is_refusal, f"the volumes web app does not refuse it: {asked} ({reply})"
