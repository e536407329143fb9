"""Retries: what is asked again on the way to the gateway, and how long that may take.

A single response that was lost, or that a proxy gave in the gateway's place, is no verdict on the
cluster. A few attempts in some two seconds; whoever waits for longer does so with a deadline.
"""

from __future__ import annotations

from typing import Any, Self

from urllib3 import Retry
from urllib3.exceptions import ReadTimeoutError

from pytest_kubeflow.reaching import BUSY

_ATTEMPTS = 3
_BACKOFF = 0.2
_LONGEST = 5.0
"""Seconds that are waited where a server asks for more with Retry-After."""

_METHODS = frozenset({"GET", "HEAD"})


class Retries(Retry):
    """Reads whose connection breaks or that a busy gateway refuses; anything that was not sent.

    The last response is returned, whatever its status. A response that does not come in time is
    not waited for again.
    """

    @classmethod
    def few(cls) -> Retries:
        """What each request of a session begins with."""
        return cls(
            total=_ATTEMPTS,
            redirect=0,
            allowed_methods=_METHODS,
            status_forcelist=BUSY,
            backoff_factor=_BACKOFF,
            raise_on_status=False,
        )

    def get_retry_after(self, response: Any) -> float | None:
        """Seconds, within bounds."""
        wanted = super().get_retry_after(response)
        return None if wanted is None else min(wanted, _LONGEST)

    def increment(self, *args: Any, **kwargs: Any) -> Self:
        """The retries that are left. Raises the error of one that is not to be asked again."""
        if isinstance(error := kwargs.get("error"), ReadTimeoutError):
            raise error
        return super().increment(*args, **kwargs)
