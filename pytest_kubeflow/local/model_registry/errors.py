"""What the registry refuses, with its status and its words."""

from __future__ import annotations

from http import HTTPStatus


class RegistryError(Exception):
    """A request that is refused. The message is the one that the answer carries."""

    def __init__(self, status: int, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code or HTTPStatus(status).phrase


def bad_request(message: str) -> RegistryError:
    """Of a request that cannot be read, or means nothing."""
    return RegistryError(400, message)


def not_found(message: str) -> RegistryError:
    """Of something that is not there."""
    return RegistryError(404, f"{message}: not found")


def conflict(message: str) -> RegistryError:
    """Of a name that is taken."""
    return RegistryError(409, f"{message}: conflict")


def missing(field: str) -> RegistryError:
    """Of a body without something that it needs; the words of the code are those of another."""
    return RegistryError(422, f"required field '{field}' is zero value.", code="Bad Request")
