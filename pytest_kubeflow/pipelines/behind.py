"""What the pipelines API says when it did not reach what is behind it: Kubernetes, its database.

It is written in Go and passes on what Go's network library says: `Post "https://10.96.0.1:443/...":
dial tcp 10.96.0.1:443: connect: connection refused`. Other servers say the same of what stays away,
such as a kubelet whose node is gone, so that it is no matter of all clients.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pytest_kubeflow.response_text import words_of
from pytest_kubeflow.retries.outage import Outage
from pytest_kubeflow.retries.statuses import retry_after

SETTLING = 30.0
"""Seconds in which a Kubernetes API that has just started does not know all roles and accounts.

More than its own clients have: what the pipelines ask it for us may be answered late.
"""

_KIND = "500 of what is behind"
_READ = 4000
_NETWORK = re.compile(
    r"dial tcp [^ ]+: (?:connect: )?"
    r"(?:connection refused|connection reset by peer|connection timed out|no route to host"
    r"|network is unreachable|i/o timeout)"
    r"|(?:read|write): (?:connection reset by peer|broken pipe|connection timed out"
    r"|software caused connection abort)"
    r"|lookup [^ ]+ on [^ ]+: (?:server misbehaving|read udp [^ ]+: (?:i/o timeout|read: ))"
    r"|net/http: TLS handshake timeout"
    r"|http2: (?:client connection lost|client connection force closed|server sent GOAWAY)"
    r"|https?://[^ ]+: (?:unexpected )?EOF(?![\w.])"
    r"|the server is currently unable to handle the request"
    r"|apiserver not ready|apiserver is shutting down"
)
_ROLES = re.compile(r'RBAC: [^ ]+ \\?"[^"]+" not found')
"""Of an API server that has just started, or of a binding whose role was removed for good."""

_WEBHOOK = re.compile(r"failed (?:calling|to call) webhook")
"""Of what Kubernetes asks before it makes an object: Kubernetes itself is there."""


def outage_behind(
    status: int, headers: Mapping[str, str], body: str | bytes | None
) -> Outage | None:
    """What a response with this status says of what is behind the API; None if nothing."""
    if status != 500:
        return None
    words = words_of(body, longest=_READ)
    if _WEBHOOK.search(words):
        return None
    reason, after = f"it answers 500: {words}", retry_after(headers)
    if _NETWORK.search(words):
        return Outage(reason, _KIND, retry_after=after)
    return (
        Outage(reason, _KIND, retry_after=after, within=SETTLING) if _ROLES.search(words) else None
    )
