"""in_turn: what a quota has no room for now is made when it has."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pytest_kubeflow.errors import AdmissionRefused
from pytest_kubeflow.waiting import Deadline, wait_until

T = TypeVar("T")


def in_turn(create: Callable[[], T], what: str, *, deadline: Deadline) -> T:
    """Call `create` until a quota admits what it makes; returns that.

    Raises AdmissionRefused at once for what is never admitted, WaitTimeout with the server's last
    words at the deadline. `what` is what is made, for people.
    """

    def attempt() -> tuple[T] | AdmissionRefused:
        try:
            return (create(),)
        except AdmissionRefused as error:
            if not error.passing:
                raise
            return error

    made = wait_until(
        attempt,
        lambda found: isinstance(found, tuple),
        deadline=deadline,
        what=f"a quota to have room for {what}",
        describe=lambda found: found.message if isinstance(found, AdmissionRefused) else "made",
        interval=0.5,
        longest=3.0,
    )
    assert isinstance(made, tuple)
    return made[0]
