"""The termination message of a container: what it wrote there, or what its kubelet says of it."""

from __future__ import annotations

from pathlib import Path

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kubelet.containers.logs import ContainerLog, tail_text

MESSAGE_BYTES = 4096
_LOG_LINES, _LOG_BYTES = 80, 2048


def termination_message(spec: Object, file: Path, log: ContainerLog, code: int) -> str:
    """What `file` holds of a container that ended with `code`, or the end of its log."""
    with file.open("rb") as stream:
        message = stream.read(MESSAGE_BYTES).decode(errors="replace")
    fallback = spec.get("terminationMessagePolicy") == "FallbackToLogsOnError"
    if code != 0 and not message and fallback:
        return tail_text(log.path, lines=_LOG_LINES, limit=_LOG_BYTES)
    return message


def start_error(problem: str) -> str:
    """Why a container could not be started, in the words of containerd and runc.

    Who looks for their words finds them here too.
    """
    return (
        "failed to create containerd task: failed to create shim task: OCI runtime create "
        f"failed: runc create failed: unable to start container process: {problem}: unknown"
    )
