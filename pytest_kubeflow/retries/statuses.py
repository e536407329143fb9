"""Which responses are outages: by their status, their headers and what they say.

What a server decided (400, 403, 404, 409, 422 and most others) is final.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pytest_kubeflow.response_text import words_of
from pytest_kubeflow.retries.outage import Outage

AWAY = frozenset({502, 503, 504})
"""Said by gateways, and by servers that are about to be back."""

NOT_DONE = frozenset({425, 429})
"""Said by servers that have not begun with it."""

BUSY = AWAY | NOT_DONE | {408}
"""Status codes that are asked again, whatever is said with them."""

LONGEST_PAUSE = 60.0
"""Seconds that are waited at most where a server asks for more with Retry-After."""

PAGE_SECONDS = 3.0
"""Seconds for which a page of HTML in the server's place is asked again: it may be there for good,
as one of a login or of something else that was installed there. So may a 500 without a cause."""

_LONGEST = 1000
_TEMPORARY = frozenset({"ServerTimeout", "Timeout", "TooManyRequests"})
"""Reasons of a Status of Kubernetes that ask for another attempt."""

_WORDS = (
    "etcdserver: ",
    "leader changed",
    "code = unavailable",
    "try again",
    "temporar",
    "bad connection",
    "invalid connection",
    "deadlock found",
    "database is locked",
    "too many connections",
)
"""What a 500 says that will pass: of etcd, gRPC, S3, the databases behind the pipelines."""


_NO_CAUSE = re.compile(r"(?:500\b)?\W*(?:internal server error)?\W*(?:nginx\S*)?", re.IGNORECASE)
"""What a 500 says that gives no cause: its status at most, and which proxy has sent it."""


def outage_in(status: int, headers: Mapping[str, str], body: str | bytes | None) -> Outage | None:
    """What a response says of the server's availability; None for one that counts.

    `body` is None if it was not read.
    """
    if status not in BUSY and status not in {401, 500}:
        return None
    words = words_of(body, longest=_LONGEST)
    reason = f"it answers {status}: {words}" if words else f"it answers {status}"
    after = retry_after(headers)
    if status == 401:
        # It may be a gateway's that is just starting; who is not known will not be the next time.
        return Outage(reason, str(status), silent=False, ambiguous=False, times=1)
    if status in NOT_DONE:
        return Outage(reason, str(status), silent=False, ambiguous=False, retry_after=after)
    if status in BUSY:
        return Outage(reason, str(status), retry_after=after)
    if after or fields_of(body).get("reason") in _TEMPORARY or _is_temporary(words):
        return Outage(reason, str(status), retry_after=after)
    if body is not None and _NO_CAUSE.fullmatch(words):
        return Outage(reason, str(status), within=PAGE_SECONDS)
    return None


def page_in(status: int, headers: Mapping[str, str], body: str | bytes | None) -> Outage | None:
    """A page of HTML with success, where none was asked for."""
    if not (200 <= status < 300 and is_html(headers)):
        return None
    message = f"a page of HTML with status {status}: '{words_of(body, longest=200)}'"
    return Outage(message, "a page of HTML", within=PAGE_SECONDS)


def is_html(headers: Mapping[str, str]) -> bool:
    """Whether a response is a page."""
    kind = _header(headers, "content-type") or ""
    return kind.partition(";")[0].strip().lower() == "text/html"


def is_json(headers: Mapping[str, str]) -> bool:
    """Whether a response says that it is JSON."""
    kind = _header(headers, "content-type") or ""
    return kind.partition(";")[0].strip().lower() == "application/json"


def is_whole_json(body: str | bytes | None) -> bool:
    """Whether it begins and ends as an object or a list does; it is not read for that."""
    text = _bytes(body)
    return len(text) >= 2 and text[:1] + text[-1:] in (b"{}", b"[]")


def is_empty(body: str | bytes | None) -> bool:
    """Whether it is an object or a list with nothing in it, or nothing at all."""
    return not _bytes(body).strip(b"{}[] \t\r\n")


def fields_of(body: str | bytes | None) -> dict[str, Any]:
    """The object in a body; {} if it has none."""
    try:
        found = json.loads(body or "")
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds of the header Retry-After, LONGEST_PAUSE at most; 0 where it has none, or no sense.

    It may be a number of seconds or a date (RFC 9110, 10.2.3).
    """
    from urllib3.exceptions import InvalidHeader
    from urllib3.util import Retry

    value = _header(headers, "retry-after")
    if value is None:
        return 0.0
    try:
        return min(max(0.0, float(Retry().parse_retry_after(value))), LONGEST_PAUSE)
    except InvalidHeader:
        return 0.0
    except (ValueError, OverflowError):  # numbers and years beyond all bounds
        return LONGEST_PAUSE if value.strip().isdecimal() else 0.0


def _bytes(body: str | bytes | None) -> bytes:
    return (body.encode() if isinstance(body, str) else body or b"").strip()


def _header(headers: Mapping[str, str], name: str) -> str | None:
    return next((value for key, value in headers.items() if key.lower() == name), None)


def _is_temporary(words: str) -> bool:
    found = words.lower()
    return any(one in found for one in _WORDS)
