"""Queries of requests, as grpc-gateway reads them into the fields of a message.

Names come in snake or camel case, values are typed, and what the message does not know is ignored.
Source: grpc-ecosystem/grpc-gateway runtime/query.go. The texts of errors are those of Go's strconv.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from starlette.requests import Request

from pytest_kubeflow.local.pipelines.api.errors import Code, GatewayError

_CAMEL = re.compile(r"(?<=[a-z0-9])([A-Z])")
_TRUTH = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}
_NUMBER = re.compile(r"[+-]?[0-9]+")


class Query:
    """The fields that a request's query sets. All reading raises GatewayError (400)."""

    def __init__(self, request: Request) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in request.query_params.multi_items():
            self._values.setdefault(_CAMEL.sub(r"_\1", name).lower(), []).append(value)

    def text(self, name: str, otherwise: str = "") -> str:
        """A string, `otherwise` if it is not set."""
        values = self._values.get(name) or [otherwise]
        if len(values) > 1:
            raise _refusal(f"too many values for field {json.dumps(name)}: {', '.join(values)}")
        return values[0]

    def int32(self, name: str) -> int:
        """A whole number of 32 bits, 0 if it is not set."""
        if name not in self._values:
            return 0
        text = self.text(name)
        if not _NUMBER.fullmatch(text):
            raise _unparsed(name, "ParseInt", text, "invalid syntax")
        if not -(2**31) <= int(text[:12]) < 2**31 or len(text.lstrip("+-0")) > 10:
            raise _unparsed(name, "ParseInt", text, "value out of range")
        return int(text)

    def flag(self, name: str) -> bool:
        """A truth value, False if it is not set."""
        if name not in self._values:
            return False
        text = self.text(name)
        if text not in _TRUTH:
            raise _unparsed(name, "ParseBool", text, "invalid syntax")
        return _TRUTH[text]

    def mapping(self) -> Mapping[str, str]:
        """All fields, as texts."""
        return {name: self.text(name) for name in self._values}


def _refusal(message: str) -> GatewayError:
    return GatewayError(Code.INVALID_ARGUMENT, message)


def _unparsed(name: str, function: str, text: str, why: str) -> GatewayError:
    parsing = f"strconv.{function}: parsing {json.dumps(text)}: {why}"
    return _refusal(f"parsing field {json.dumps(name)}: {parsing}")
