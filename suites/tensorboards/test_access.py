"""A TensorBoard opens for the owner of its profile, and for nobody else."""

import pytest

from pytest_kubeflow import AccountToken, Callers, CallerSession, Tensorboard

from ..access.endpoints import AS_JSON, Endpoint

pytestmark = pytest.mark.kf_requires("tensorboards")


@pytest.fixture
def owner(callers: Callers) -> CallerSession:
    """Ourselves, at the gateway."""
    return callers.owner()


def allows(board: Tensorboard, caller: CallerSession) -> None:
    """Ask as its owner. Fails if they are refused."""
    reply = caller.get(board.environment_path, headers=AS_JSON)
    message = f"TensorBoard {board.name} does not open for {caller.name}: {reply}"
    assert reply.status == 200, message
    assert isinstance(reply.json, dict), message
    assert "data_location" in reply.json, message


def endpoint(of: Tensorboard) -> Endpoint:
    """Its path, as whoever has to be sent away asks for it."""
    return Endpoint(f"TensorBoard {of.name}", of.environment_path)


def test_strangers_are_refused_and_the_owner_gets_in(
    board: Tensorboard, owner: CallerSession, callers: Callers
) -> None:
    """A TensorBoard opens for its owner, and not without credentials."""
    allows(board, owner)
    endpoint(board).refuses(callers.anonymous())
    allows(board, owner)


def test_tokens_of_accounts_are_refused_and_the_owner_gets_in(
    board: Tensorboard,
    owner: CallerSession,
    callers: Callers,
    own_account: AccountToken,
    foreign_account: AccountToken,
) -> None:
    """A TensorBoard opens for its owner, and for no service account.

    The profile's own default-editor works in the web app, and is not let into TensorBoards.
    """
    allows(board, owner)
    for account, whose in ((own_account, "our account"), (foreign_account, "another profile's")):
        caller = callers.bearer(account.token, f"{whose} {account.user}")
        endpoint(board).refuses(caller, known=True)
    allows(board, owner)
