"""Refusals: why a machine lets no limits be set, each with what would help."""

from __future__ import annotations

from pathlib import Path


class Refusal(Exception):  # noqa: N818 (an answer of the machine, not a mistake)
    """Why a controller cannot be used: a reason in one word, and a message with the remedy."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class Missing(Refusal):
    """A controller of version 2 is not offered."""

    def __init__(self, controller: str, message: str) -> None:
        super().__init__("ControllerMissing", message)
        self.controller = controller


def outside() -> Refusal:
    """Our own cgroup is not among those that we see."""
    return Refusal(
        "NotMounted",
        "the cgroup of this process lies outside of the cgroup file system that it sees: mount "
        "its own (docker: --cgroupns=host)",
    )


def readonly() -> Refusal:
    """Nothing can be written there."""
    return Refusal(
        "ReadOnly",
        "the cgroup file system is mounted read-only, as in containers without privileges: start "
        "the container with --privileged, or run outside of it",
    )


def failed(directory: Path, error: OSError) -> Refusal:
    """Anything else, in the kernel's words."""
    return Refusal("Refused", f"no cgroup can be used at {directory}: {error.strerror}")
