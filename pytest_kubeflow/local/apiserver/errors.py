"""Failures of the API, shaped and worded as kube-apiserver's `Status` objects.

Wording: staging/src/k8s.io/apimachinery/pkg/api/errors/errors.go.
"""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]


class StatusError(Exception):
    """A refusal. `code` is the HTTP status, `reason` the machine-readable word."""

    def __init__(
        self, code: int, reason: str, message: str, *, details: Object | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details

    def to_object(self) -> Object:
        status: Object = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            **({"reason": self.reason} if self.reason else {}),
            "code": self.code,
        }
        if self.details:
            status["details"] = self.details
        return status


def success(*, details: Object | None = None) -> Object:
    """The `Status` of a deletion that leaves no object to show."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        **({"details": details} if details else {}),
    }


def qualified(plural: str, group: str) -> str:
    """`pods`, `deployments.apps`."""
    return f"{plural}.{group}" if group else plural


def _details(group: str, kind: str, name: str, causes: list[Object] | None = None) -> Object:
    details: Object = {"name": name, "kind": kind} if name else {"kind": kind}
    if group:
        details["group"] = group
    if causes:
        details["causes"] = causes
    return details


def not_found(group: str, plural: str, name: str) -> StatusError:
    message = f'{qualified(plural, group)} "{name}" not found'
    return StatusError(404, "NotFound", message, details=_details(group, plural, name))


def no_such_path() -> StatusError:
    return StatusError(404, "NotFound", "the server could not find the requested resource")


def already_exists(group: str, plural: str, name: str) -> StatusError:
    message = f'{qualified(plural, group)} "{name}" already exists'
    return StatusError(409, "AlreadyExists", message, details=_details(group, plural, name))


def conflict(group: str, plural: str, name: str, why: str) -> StatusError:
    message = f'Operation cannot be fulfilled on {qualified(plural, group)} "{name}": {why}'
    return StatusError(409, "Conflict", message, details=_details(group, plural, name))


def modified(group: str, plural: str, name: str) -> StatusError:
    why = (
        "the object has been modified; please apply your changes to the latest version "
        "and try again"
    )
    return conflict(group, plural, name, why)


def invalid(group: str, kind: str, name: str, causes: list[tuple[str, str, str]]) -> StatusError:
    """`causes` are `(field, reason, message)`, such as `("spec.x", "FieldValueRequired", ...)`."""
    listed = [f"{field}: {message}" for field, _, message in causes]
    text = listed[0] if len(listed) == 1 else f"[{', '.join(listed)}]"
    message = f'{qualified(kind, group)} "{name}" is invalid: {text}'
    details = _details(
        group,
        kind,
        name,
        [{"reason": reason, "message": text, "field": field} for field, reason, text in causes],
    )
    return StatusError(422, "Invalid", message, details=details)


def forbidden(group: str, plural: str, name: str, why: str) -> StatusError:
    subject = f'{qualified(plural, group)} "{name}"' if name else qualified(plural, group)
    return StatusError(
        403, "Forbidden", f"{subject} is forbidden: {why}", details=_details(group, plural, name)
    )


def bad_request(message: str) -> StatusError:
    return StatusError(400, "BadRequest", message)


def unauthorized() -> StatusError:
    return StatusError(401, "Unauthorized", "Unauthorized")


def method_not_allowed() -> StatusError:
    message = "the server does not allow this method on the requested resource"
    return StatusError(405, "MethodNotAllowed", message)


def unsupported_media(found: str, accepted: list[str]) -> StatusError:
    message = (
        "the body of the request was in an unknown format - accepted media types include: "
        f"{', '.join(accepted)} (found {found or 'none'})"
    )
    return StatusError(415, "UnsupportedMediaType", message)


def expired(message: str) -> StatusError:
    return StatusError(410, "Expired", message)
