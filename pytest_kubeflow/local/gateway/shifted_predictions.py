"""Answers of predictors made wrong on purpose: the fault `predictor-wrong`."""

from __future__ import annotations

import json
from typing import Any

from starlette.types import Message, Send


class ShiftedPredictions:
    """A `send` that adds one to every number among the predictions of a JSON answer."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if message.get("more_body") or self._start is None:
            return
        body = _shifted(self._body)
        headers = [one for one in self._start["headers"] if one[0].lower() != b"content-length"]
        headers.append((b"content-length", str(len(body)).encode()))
        await self._send({**self._start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


def _shifted(body: bytes) -> bytes:
    try:
        answer = json.loads(body)
    except ValueError:
        return body
    if not isinstance(answer, dict):
        return body
    for key in ("predictions", "outputs"):
        if key in answer:
            answer[key] = _plus_one(answer[key])
    return json.dumps(answer).encode()


def _plus_one(value: Any) -> Any:
    if isinstance(value, list):
        return [_plus_one(one) for one in value]
    if isinstance(value, dict):
        return {key: _plus_one(one) if key == "data" else one for key, one in value.items()}
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value + 1
    return value
