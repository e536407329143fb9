"""A TensorBoard opens for the owner of its profile, and for nobody else."""

import pytest

from pytest_kubeflow import AccountToken, Reply, Tensorboard, Visitor, Visitors

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


def refuses(board: Tensorboard, visitor: Visitor) -> Reply:
    """Ask as somebody who has to be sent away."""
    reply = visitor.get(board.environment_path)
    told = f"TensorBoard {board.name} is open to all: {visitor.name} is let in ({reply})"
    assert reply.status != 200, told
    told = f"TensorBoard {board.name} neither opens for {visitor.name} nor refuses: {reply}"
    assert reply.is_refusal, told
    return reply


def test_strangers_are_refused_and_the_owner_gets_in(
    board: Tensorboard, owner: Visitor, visitors: Visitors
) -> None:
    opens_for(board, owner)
    refuses(board, visitors.anonymous())
    opens_for(board, owner)


def test_tokens_of_accounts_are_refused_and_the_owner_gets_in(
    board: Tensorboard,
    owner: Visitor,
    visitors: Visitors,
    own_account: AccountToken,
    foreign_account: AccountToken,
) -> None:
    """The profile's own default-editor works in the web app, and is not let into TensorBoards."""
    opens_for(board, owner)
    for account, whose in ((own_account, "our account"), (foreign_account, "another profile's")):
        visitor = visitors.bearer(account.token, f"{whose} {account.user}")
        reply = refuses(board, visitor)
        told = f"TensorBoard {board.name} does not know {visitor.name}: {reply}"
        assert reply.status == 403, told
    opens_for(board, owner)
