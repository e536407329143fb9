"""kubectl in a launcher of an MPIJob: `kubectl exec POD [--container NAME] -- COMMAND ...`.

It runs in a pod, as the pod's account. Words and exit codes are those of kubectl, which opens a
websocket as well since 1.31.
"""

from __future__ import annotations

import argparse
import json
import os
import ssl
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
# The next one lets a client end its input, of which there is none.
PROTOCOL = "v4.channel.k8s.io"
_STDOUT, _STDERR, _STATUS = 1, 2, 3


class Refused(Exception):  # noqa: N818  as kubectl says it
    """The command cannot be run; the message is kubectl's."""


def main(arguments: Sequence[str]) -> int:
    """Run a command in a pod; returns its exit code, or 1 where it cannot be run."""
    asked = parse(arguments)
    try:
        return execute(asked.pod, asked.container, asked.command)
    except Refused as error:
        print(error, file=sys.stderr)  # noqa: T201  it is a program
        return 1


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """What is asked for: pod, container (None: the only one), command."""
    options, dashes, command = _split(list(arguments))
    parser = argparse.ArgumentParser(prog="kubectl", allow_abbrev=False)
    exec_ = parser.add_subparsers(required=True).add_parser("exec", allow_abbrev=False)
    exec_.add_argument("pod")
    exec_.add_argument("-c", "--container")
    found = parser.parse_args(options)
    if not dashes or not command:
        parser.error("you must specify at least one command for the container")
    found.command = command
    return found


def _split(arguments: list[str]) -> tuple[list[str], bool, list[str]]:
    if "--" not in arguments:
        return arguments, False, []
    at = arguments.index("--")
    return arguments[:at], True, arguments[at + 1 :]


def execute(pod: str, container: str | None, command: Sequence[str]) -> int:
    """Run a command; raises Refused."""
    from websockets.exceptions import InvalidHandshake, InvalidStatus, WebSocketException
    from websockets.sync.client import connect

    try:
        with connect(
            _address(pod, container, command),
            ssl=ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt")),
            additional_headers={"Authorization": f"Bearer {_read('token')}"},
            subprotocols=[PROTOCOL],  # type: ignore[list-item]
            compression=None,
            proxy=None,
            max_size=None,
        ) as way:
            return _ended(_shown(way))
    except InvalidStatus as error:
        raise Refused(_refusal(error.response.body)) from None
    except (InvalidHandshake, WebSocketException, OSError) as error:
        raise Refused(f"error: {error}") from None


def _address(pod: str, container: str | None, command: Sequence[str]) -> str:
    query = [*(("command", one) for one in command), ("stdout", "true"), ("stderr", "true")]
    if container is not None:
        query.append(("container", container))
    try:
        server = f"{os.environ['KUBERNETES_SERVICE_HOST']}:{os.environ['KUBERNETES_SERVICE_PORT']}"
    except KeyError as error:
        raise Refused(f"error: {error.args[0]} is not set: this is no pod") from None
    path = f"/api/v1/namespaces/{_read('namespace')}/pods/{pod}/exec"
    return f"wss://{server}{path}?{urlencode(query)}"


def _read(name: str) -> str:
    try:
        return (ACCOUNT / name).read_text().strip()
    except OSError as error:
        raise Refused(f"error: the account of this pod is not there: {error}") from None


def _shown(way: Any) -> Iterator[bytes]:
    """Show what the command writes; yields the status with which it ends."""
    outputs = {_STDOUT: sys.stdout.buffer, _STDERR: sys.stderr.buffer}
    for message in way:
        channel, data = message[0], message[1:]
        if channel in outputs:
            outputs[channel].write(data)
            outputs[channel].flush()
        elif channel == _STATUS:
            yield data


def _ended(statuses: Iterator[bytes]) -> int:
    found = [json.loads(one) for one in statuses]
    if not found:
        raise Refused("error: the connection has ended before the command")
    status = found[-1]
    if status.get("status") == "Success":
        return 0
    causes = (status.get("details") or {}).get("causes") or []
    codes = [int(one["message"]) for one in causes if one.get("reason") == "ExitCode"]
    if not codes:
        raise Refused(f"error: {status.get('message')}")
    print(status["message"], file=sys.stderr)  # noqa: T201  as kubectl does
    return codes[0]


def _refusal(body: bytes | bytearray | None) -> str:
    """What the API server says, as kubectl shows it."""
    text = (body or b"").decode(errors="replace").strip()
    try:
        status = json.loads(text)
        return f"Error from server ({status['reason']}): {status['message']}"
    except (ValueError, KeyError, TypeError):
        return f"error: {text}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
