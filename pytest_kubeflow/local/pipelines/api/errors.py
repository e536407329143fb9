"""Errors of the API, in the form that grpc-gateway gives them.

Two texts each, as in the real server (backend/src/common/util/error.go): the message is the whole
chain of causes, the detail is the sentence meant for the user.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, Self

from starlette.responses import JSONResponse


class Code(Enum):
    """gRPC code, HTTP status that grpc-gateway turns it into, and the real server's prefix."""

    INVALID_ARGUMENT = (3, 400, "Invalid input error")
    NOT_FOUND = (5, 404, "ResourceNotFoundError")
    ALREADY_EXISTS = (6, 409, "Already exist error")
    PERMISSION_DENIED = (7, 403, "PermissionDenied")
    FAILED_PRECONDITION = (9, 400, "FailedPreconditionError")
    ABORTED = (10, 409, "BadRequestError")
    UNIMPLEMENTED = (12, 501, "UnimplementedError")
    INTERNAL = (13, 500, "InternalServerError")
    UNAVAILABLE = (14, 503, "ServiceUnavailable")
    UNAUTHENTICATED = (16, 401, "Unauthenticated")

    @property
    def number(self) -> int:
        return self.value[0]

    @property
    def http_status(self) -> int:
        return self.value[1]


class RequestError(Exception):
    """A request that is refused; `external` is for the user, `cause` says more."""

    def __init__(self, code: Code, external: str, *, cause: str = "") -> None:
        self.code = code
        self.external = external
        self.internal = f"{code.value[2]}: {external}" + (f": {cause}" if cause else "")
        super().__init__(self.internal)

    def wrap(self, context: str) -> Self:
        """Put what was attempted before the cause, as the layers of the real server do."""
        self.internal = f"{context}: {self.internal}"
        self.args = (self.internal,)
        return self

    def concealed(self, context: str) -> RequestError:
        """An internal error with this cause, as the real server makes of some mistakes of users."""
        error = RequestError(Code.INTERNAL, "Internal Server Error")
        error.internal = f"{Code.INTERNAL.value[2]}: {context}: {self.internal}"
        error.args = (error.internal,)
        return error

    def response(self) -> JSONResponse:
        """The response: `google.rpc.Status` with one detail."""
        body: dict[str, Any] = {
            "code": self.code.number,
            "message": self.internal,
            "details": [
                {
                    "@type": "type.googleapis.com/google.rpc.Status",
                    "code": self.code.number,
                    "message": self.external,
                }
            ],
        }
        return JSONResponse(body, status_code=self.code.http_status)


class GatewayError(RequestError):
    """A request that grpc-gateway refuses before a service sees it: its own words, no details."""

    def __init__(self, code: Code, message: str, *, http_status: int = 0) -> None:
        super().__init__(code, message)
        self.internal = message
        self.args = (message,)
        self._http_status = http_status or code.http_status

    def wrap(self, context: str) -> Self:  # noqa: ARG002 nothing was attempted
        return self

    def response(self) -> JSONResponse:
        body = {"code": self.code.number, "message": self.internal}
        return JSONResponse(body, status_code=self._http_status)


def invalid(message: str) -> RequestError:
    return RequestError(Code.INVALID_ARGUMENT, message)


def not_found(kind: str, name: str) -> RequestError:
    return RequestError(Code.NOT_FOUND, f"{kind} {name} not found")
