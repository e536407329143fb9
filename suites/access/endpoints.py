"""Endpoints of a platform: what is requested, and how a response shows that it is allowed.

Each refusal that a test asserts stands beside the owner's success: an endpoint that nobody can use
proves nothing, and one that all can use is reported as that.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_kubeflow import CallerSession, Reply, skip_for

AS_JSON = {"Accept": "application/json"}
"""Headers of who gets no page of something else in place of JSON: it is asked for again."""

_PAGES = 5
"""How often a page is asked for again that is open to somebody who has to be sent away."""


@dataclass(frozen=True)
class Endpoint:
    """Something behind the gateway. `field` is in the JSON of an answer; "" takes any page.

    A page is there where `api` is: the dashboard's answers for all that nobody else has.
    """

    name: str
    path: str
    field: str = ""
    api: "Endpoint | None" = None

    def allows(self, caller: CallerSession, *, headers: Mapping[str, str] | None = None) -> Reply:
        """Ask as somebody who is allowed. Fails if they are not."""
        reply = self._ask(caller, headers)
        assert reply.status == 200, f"{self.name} does not open for {caller.name}: {reply}"
        if self.field:
            found = reply.json
            message = f"{self.name} answers {caller.name} with something else: {reply}"
            assert isinstance(found, dict), message
            # Without runs KFP answers {}: what is empty is left out of its JSON.
            assert not found or self.field in found, message
        return reply

    def refuses(
        self,
        caller: CallerSession,
        *,
        known: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Ask as somebody who has to be sent away; who is `known` there gets no login, but 403."""
        reply = self._ask(caller, headers)
        if known and reply.status == 401:  # a gateway that has just started says so once
            reply = self._ask(caller, headers)
        if reply.status == 200 and not self.field:
            # One page may be of something on the way. Of two replicas one may be open.
            again = [self._ask(caller, headers) for _ in range(_PAGES)]
            reply = next((one for one in again if one.status == 200), again[-1])
        claim = " that claims to be another user" if headers else ""
        who = f"{caller.name}{claim}"
        assert reply.status != 200, f"{self.name} is open to all: {who} is allowed ({reply})"
        assert reply.is_refusal, f"{self.name} neither opens for {who} nor refuses: {reply}"
        if known:
            assert reply.status == 403, f"{self.name} does not know {who}: {reply}"

    def _ask(self, caller: CallerSession, headers: Mapping[str, str] | None = None) -> Reply:
        wanted = AS_JSON if self.field else {}
        return caller.get(self.path, headers={**wanted, **(headers or {})})

    def require(self, caller: CallerSession) -> None:
        """Skip the test where it is not there."""
        if self.api is not None:
            self.api.require(caller)
            return
        reply = self._ask(caller)
        if reply.status == 404 or (self.field and reply.status == 200 and reply.json is None):
            skip_for(self.name, f"{self.name} is not at {self.path}: {reply}")
