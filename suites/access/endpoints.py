"""Endpoints of a platform: what is requested, and how a response shows that it is allowed.

Each refusal that a test asserts stands beside the owner's success: an endpoint that nobody can use
proves nothing, and one that all can use is reported as that.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_kubeflow import CallerSession, Reply, skip_for


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
        reply = caller.get(self.path, headers=headers)
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
        reply = caller.get(self.path, headers=headers)
        if known and reply.status == 401:  # a gateway that has just started says so once
            reply = caller.get(self.path, headers=headers)
        claim = " that claims to be another user" if headers else ""
        who = f"{caller.name}{claim}"
        assert reply.status != 200, f"{self.name} is open to all: {who} is allowed ({reply})"
        assert reply.is_refusal, f"{self.name} neither opens for {who} nor refuses: {reply}"
        if known:
            assert reply.status == 403, f"{self.name} does not know {who}: {reply}"

    def require(self, caller: CallerSession) -> None:
        """Skip the test where it is not there."""
        if self.api is not None:
            self.api.require(caller)
            return
        reply = caller.get(self.path)
        if reply.status == 404 or (self.field and reply.status == 200 and reply.json is None):
            skip_for(self.name, f"{self.name} is not at {self.path}: {reply}")
