"""Fault: what happens to a request or its response on the way; Injected: that it did."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum


class Fault(StrEnum):
    """What a network, a mesh or a busy server does to a request. The values are what logs say."""

    REFUSED = "connection refused"
    """The request is lost, and new connections are refused for a moment."""
    RESET_BEFORE = "reset before the server saw the request"
    RESET_AFTER = "reset after the server did what was asked"
    CUT = "body cut in the middle"
    DELAY = "response delayed"
    TIMEOUT = "no response within the time of the mesh"
    """The server does what was asked; its response never comes, and the connection ends."""
    HANG = "no response at all"
    """As before, but the connection stays until the client gives up."""
    REPEAT = "request sent to the server twice"
    """As a mesh does that has lost the first response: the client gets the second."""
    UNAUTHORIZED = "401"
    REQUEST_TIMEOUT = "408"
    TOO_EARLY = "425"
    TOO_MANY = "429"
    TOO_MANY_RETRY_AFTER = "429 with Retry-After"
    INTERNAL = "500"
    BAD_GATEWAY = "502"
    UNAVAILABLE = "503"
    GATEWAY_TIMEOUT = "504"
    HTML = "a page of HTML with status 200"

    @property
    def status(self) -> int | None:
        """The status with which the proxy answers instead of the server; None: it does not."""
        if self is Fault.HTML:
            return 200
        number = self.value.partition(" ")[0]
        return int(number) if number.isdigit() else None


WORDS: dict[int, str] = {
    401: "Unauthorized",
    408: "stream timeout",
    425: "Too Early",
    429: "local_rate_limited",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "upstream connect error or disconnect/reset before headers. reset reason: "
    "connection termination",
    504: "upstream request timeout",
}
"""What a mesh's proxy answers with these."""

PAGE = (
    "<!DOCTYPE html><html><head><title>Just a moment</title></head>"
    "<body><h1>One moment, please</h1></body></html>"
)


@dataclass(frozen=True, slots=True)
class Injected:
    """One fault that was injected; `at` is in seconds since the proxy began.

    `path` is as the client sent it, `key` as the plan counts it.
    """

    seed: int
    server: str
    method: str
    path: str
    key: str
    nth: int
    fault: Fault
    at: float

    def to_json(self) -> str:
        """One line of a log."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> Injected:
        """What `to_json` wrote."""
        values = json.loads(line)
        return cls(**{**values, "fault": Fault(values["fault"])})

    def __str__(self) -> str:
        return f"{self.at:7.2f} s  {self.server}: {self.method} {self.path}: {self.fault}"
