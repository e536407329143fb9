"""The doors of a platform: what is asked at the gateway, and how an answer shows that it opens.

Each refusal that a test asserts stands beside the owner's success: a door that opens for nobody
proves nothing, and one that opens for all is told as that.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_kubeflow import Reply, Visitor, skip_for


@dataclass(frozen=True)
class Door:
    """Something behind the gateway. `field` is in the JSON of an answer; "" takes any page.

    A page is there where `api` is: the dashboard's answers for all that nobody else has.
    """

    name: str
    path: str
    field: str = ""
    api: "Door | None" = None

    def opens_for(self, visitor: Visitor, *, headers: Mapping[str, str] | None = None) -> Reply:
        """Ask as somebody who is let in. Fails if they are not."""
        reply = visitor.get(self.path, headers=headers)
        assert reply.status == 200, f"{self.name} does not open for {visitor.name}: {reply}"
        if self.field:
            found = reply.json
            told = f"{self.name} answers {visitor.name} with something else: {reply}"
            assert isinstance(found, dict), told
            # Without runs KFP answers {}: what is empty is left out of its JSON.
            assert not found or self.field in found, told
        return reply

    def refuses(
        self, visitor: Visitor, *, known: bool = False, headers: Mapping[str, str] | None = None
    ) -> None:
        """Ask as somebody who has to be sent away; who is `known` there gets no login, but 403."""
        reply = visitor.get(self.path, headers=headers)
        if known and reply.status == 401:  # a gateway that has just started says so once
            reply = visitor.get(self.path, headers=headers)
        claim = " who claims to be somebody else" if headers else ""
        who = f"{visitor.name}{claim}"
        assert reply.status != 200, f"{self.name} is open to all: {who} is let in ({reply})"
        assert reply.is_refusal, f"{self.name} neither opens for {who} nor refuses: {reply}"
        if known:
            assert reply.status == 403, f"{self.name} does not know {who}: {reply}"

    def require(self, visitor: Visitor) -> None:
        """Skip the test where it is not there."""
        if self.api is not None:
            self.api.require(visitor)
            return
        reply = visitor.get(self.path)
        if reply.status == 404 or (self.field and reply.status == 200 and reply.json is None):
            skip_for(self.name, f"{self.name} is not at {self.path}: {reply}")
