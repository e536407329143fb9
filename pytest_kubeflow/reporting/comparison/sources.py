"""Where the sessions of a comparison come from."""

from __future__ import annotations

from pathlib import Path

from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.reporting.history.history import History
from pytest_kubeflow.reporting.records.document import load
from pytest_kubeflow.reporting.records.session import SessionRecord

VALID = (
    "a JSON document of --kf-json, the directory of a history (its last session), DIR:SESSION, or "
    "with --kf-history a session alone; a session is its id, the beginning of it, last or last-1"
)


def session_of(name: str, *, folder: Path, history: Path | None) -> SessionRecord:
    """The session that the user calls `name`. Raises ConfigurationError, of one line."""
    try:
        return _found(name, folder, history)
    except ConfigurationError as error:
        raise ConfigurationError(f"--kf-compare: {error.message}") from error


def _found(name: str, folder: Path, history: Path | None) -> SessionRecord:
    path = folder / Path(name)
    if _is(path, "dir"):
        return History(path).session()
    if _is(path, "file"):
        return load(path)
    directory, _, session = name.rpartition(":")
    if directory and session and _is(folder / directory, "dir"):
        return History(folder / directory).session(session)
    if history is not None:
        return History(history).session(name)
    raise ConfigurationError(f"there is no {name}; valid: {VALID}")


def _is(path: Path, kind: str) -> bool:
    try:
        return path.is_dir() if kind == "dir" else path.is_file()
    except OSError:  # too long a name
        return False
