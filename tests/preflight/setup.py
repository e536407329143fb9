"""SetUp: a session's set-up that is broken in one way, and the one line that says so.

Each is a context manager: given a cluster that works and an empty folder, it gives the options and
variables of a session that does not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cluster.remote import Remote
from tests.cluster.web import page

Given = tuple[dict[str, str], dict[str, str]]
"""Options by name, environment."""

USER = "user@example.com"
HTML = page("<html><title>Welcome</title><h1>It works</h1></html>")


@dataclass(frozen=True)
class SetUp:
    """One of them. `verdict` is a regular expression that the verdict matches."""

    name: str
    verdict: str
    broken: Callable[[Remote, Path], AbstractContextManager[Given]] = field(repr=False)
    warns: bool = False
    """It is no reason to end: the line is a warning's."""


SETUPS: list[SetUp] = []


def setup(verdict: str, *, warns: bool = False) -> Callable[..., Any]:
    """Put the function into the list, under its name."""

    def put(function: Callable[[Remote, Path], Iterator[Given]]) -> None:
        name = function.__name__.replace("_", " ")
        SETUPS.append(SetUp(name, verdict, contextmanager(function), warns))

    return put


def good(remote: Remote, **changes: str) -> dict[str, str]:
    """The options of a session that works, with these changed (dashes are underscores)."""
    where = remote.endpoints
    options = {
        "host": where.host,
        "username": USER,
        "kubeconfig": str(where.kubeconfig),
        "s3_endpoint": where.s3_endpoint,
    }
    return {name: text for name, text in {**options, **changes}.items() if text}


def in_clear(remote: Remote) -> dict[str, str]:
    where = remote.endpoints
    return {
        "KF_PASSWORD": str(where.password),
        "KF_S3_ACCESS_KEY": where.s3_access_key,
        "KF_S3_SECRET_KEY": where.s3_secret_key,
    }


def kubeconfig(folder: Path, server: str, user: Mapping[str, Any], **cluster: Any) -> str:
    path = folder / "other-kubeconfig"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}],
        "users": [{"name": "c", "user": user}],
    }
    path.write_text(json.dumps(document))
    return str(path)


def server_of(remote: Remote) -> tuple[str, dict[str, str]]:
    import yaml

    found = yaml.safe_load(remote.endpoints.kubeconfig.read_text())["clusters"][0]["cluster"]
    return str(found.pop("server")), found


@contextmanager
def entered(remote: Remote, folder: Path, one: SetUp) -> Iterator[Given]:
    """The options and variables of `one`, while what is broken about it is there."""
    with ExitStack() as stack:
        yield stack.enter_context(one.broken(remote, folder))
