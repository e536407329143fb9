"""What is told to the API at the end of a task, and how."""

from __future__ import annotations

import json
import os
import time

from .http_request import HttpError, send

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SECONDS = 120.0
"""For which an API that is not there, or busy, is asked again."""
_PAUSES = (0.1, 2.0)
"""Seconds between two attempts: the first pause, and what it doubles up to."""


class ReportError(Exception):
    """The API did not take the report."""


class Reporter:
    """Sends reports for this pod, which shows the token that it was given for that."""

    def __init__(self, host: str, port: int, token_file: str) -> None:
        self._place = f"{host}:{port}"
        self._token_file = token_file

    def send(self, result: dict[str, Any]) -> None:
        """Send it; an API that is away or busy (429, 5xx) is asked again. Raises ReportError."""
        namespace, pod = os.environ["NAMESPACE"], os.environ["KFP_POD_NAME"]
        url = f"http://{self._place}/internal/namespaces/{namespace}/pods/{pod}/report"
        body = json.dumps(_spoken(result), ensure_ascii=False, allow_nan=False).encode()
        try:
            with open(self._token_file, encoding="utf-8") as file:
                token = file.read().strip()
        except OSError as error:
            raise ReportError(f"the pod's token cannot be read: {error}") from None
        headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
        ends = time.monotonic() + _SECONDS
        pause, longest = _PAUSES
        while (found := self._once(url, headers, body)) is not None:
            if time.monotonic() + pause > ends:
                raise ReportError(found)
            time.sleep(pause)
            pause = min(2 * pause, longest)

    @staticmethod
    def _once(url: str, headers: dict[str, str], body: bytes) -> str | None:
        """One attempt: None if it was taken, else what is worth another attempt."""
        try:
            with send("PUT", url, headers, body) as answer:
                text = answer.read().decode(errors="replace")
        except (HttpError, OSError) as error:
            return str(error)
        if answer.status < 300:
            return None
        message = f"the API answers {answer.status}: {text[:500]}"
        if answer.status == 429 or answer.status >= 500:
            return message
        raise ReportError(message)


def _spoken(result: dict[str, Any]) -> dict[str, Any]:
    """The report with numbers that JSON has not (NaN, infinities) as texts of their own."""
    parameters = result.get("parameters") or {}
    apart = {
        name: repr(value)
        for name, value in parameters.items()
        if isinstance(value, float) and value - value != 0
    }
    if not apart:
        return result
    rest = {name: value for name, value in parameters.items() if name not in apart}
    return {**result, "parameters": rest, "not_finite": apart}
