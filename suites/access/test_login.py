"""A person gets in with the right password, and with no other."""

import uuid

from pytest_kubeflow import (
    AuthenticationError,
    ConfigurationError,
    Secret,
    Visitor,
    Visitors,
    skip_for,
)

from .doors import Door


def let_in(visitors: Visitors, password: str, username: str | None = None) -> Visitor | None:
    """Who logs in so, or None if Dex does not let them."""
    try:
        return visitors.log_in(Secret(password), username=username)
    except AuthenticationError:
        return None


def test_the_right_password_opens_the_dashboard_and_a_wrong_one_does_not(
    visitors: Visitors, doors: dict[str, Door]
) -> None:
    """Dex accepts the right password, and neither a wrong one nor an unknown user."""
    try:
        person = visitors.log_in()
    except ConfigurationError as error:
        skip_for("login", str(error))
    doors["dashboard"].opens_for(person)
    # One wrong password only: user bases lock accounts after some.
    wrong = let_in(visitors, f"wrong-{uuid.uuid4().hex}")
    assert wrong is None, f"Dex is open to all: {person.name} gets in with a wrong password"
    nobody = f"nobody-{uuid.uuid4().hex[:8]}@example.com"
    stranger = let_in(visitors, "12341234", nobody)
    assert stranger is None, f"Dex is open to all: it lets in {nobody}, who does not exist"
    doors["dashboard"].opens_for(visitors.log_in())
