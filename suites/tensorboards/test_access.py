"""A TensorBoard opens for the owner of its profile, and for nobody else."""

import pytest

from pytest_kubeflow import AccountToken, Tensorboard, Visitor, Visitors

from ..access.doors import Door

pytestmark = pytest.mark.kf_requires("tensorboards")


@pytest.fixture
def owner(visitors: Visitors) -> Visitor:
    """Ourselves, at the gateway."""
    return visitors.owner()


def opens_for(board: Tensorboard, visitor: Visitor) -> None:
    """Ask as its owner. Fails if they are not let in."""
    reply = visitor.get(board.environment_path)
    told = f"TensorBoard {board.name} does not open for {visitor.name}: {reply}"
    assert reply.status == 200, told
    assert isinstance(reply.json, dict), told
    assert "data_location" in reply.json, told


def door(of: Tensorboard) -> Door:
    """Its path, as whoever has to be sent away asks for it."""
    return Door(f"TensorBoard {of.name}", of.environment_path)


def test_strangers_are_refused_and_the_owner_gets_in(
    board: Tensorboard, owner: Visitor, visitors: Visitors
) -> None:
    """A TensorBoard opens for its owner, and not without credentials."""
    opens_for(board, owner)
    door(board).refuses(visitors.anonymous())
    opens_for(board, owner)


def test_tokens_of_accounts_are_refused_and_the_owner_gets_in(
    board: Tensorboard,
    owner: Visitor,
    visitors: Visitors,
    own_account: AccountToken,
    foreign_account: AccountToken,
) -> None:
    """A TensorBoard opens for its owner, and for no service account.

    The profile's own default-editor works in the web app, and is not let into TensorBoards.
    """
    opens_for(board, owner)
    for account, whose in ((own_account, "our account"), (foreign_account, "another profile's")):
        visitor = visitors.bearer(account.token, f"{whose} {account.user}")
        door(board).refuses(visitor, known=True)
    opens_for(board, owner)
