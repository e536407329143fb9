"""A person gets in with the right password, and with no other."""

import uuid

from pytest_kubeflow import (
    AuthenticationError,
    Callers,
    CallerSession,
    ConfigurationError,
    Secret,
    skip_for,
)

from .endpoints import Endpoint


def let_in(callers: Callers, password: str, username: str | None = None) -> CallerSession | None:
    """Who logs in so, or None if Dex does not let them."""
    try:
        return callers.log_in(Secret(password), username=username)
    except AuthenticationError:
        return None


def test_the_right_password_opens_the_dashboard_and_a_wrong_one_does_not(
    callers: Callers, endpoints: dict[str, Endpoint]
) -> None:
    """Dex accepts the right password, and neither a wrong one nor an unknown user."""
    try:
        person = callers.log_in()
    except ConfigurationError as error:
        skip_for("login", str(error))
    endpoints["dashboard"].allows(person)
    # One wrong password only: user bases lock accounts after some.
    wrong = let_in(callers, f"wrong-{uuid.uuid4().hex}")
    assert wrong is None, f"Dex is open to all: {person.name} gets in with a wrong password"
    nobody = f"nobody-{uuid.uuid4().hex[:8]}@example.com"
    stranger = let_in(callers, "12341234", nobody)
    assert stranger is None, f"Dex is open to all: it lets in {nobody}, who does not exist"
    endpoints["dashboard"].allows(callers.log_in())
