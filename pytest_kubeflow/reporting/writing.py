"""Writes a session into the files that were asked for, each whole or not at all."""

from __future__ import annotations

import errno
import functools
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from pytest_kubeflow.config.groups.reporting import ReportingSettings
from pytest_kubeflow.reporting.records.session import SessionRecord
from pytest_kubeflow.reporting.records.trend import Trend
from pytest_kubeflow.reporting.replacing import replacing

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""No room on the disk, under the quota, or under the limit of the process."""

Render = Callable[[SessionRecord, Trend], str]


class Written(NamedTuple):
    """A line for people about one file, and whether it is there."""

    line: str
    is_there: bool
    kind: str = ""
    """That of `ReportingSettings`: report, json, ctrf, prometheus; junit; empty: another file."""
    path: Path | None = None
    """Where it is now: as was asked for, or below the temporary directory; None: nowhere."""


def write_reports(
    settings: ReportingSettings,
    record: SessionRecord,
    trend: Trend,
    *,
    redact: Callable[[str], str],
    environment: Mapping[str, str],
) -> Iterator[Written]:
    """Write them; yields a line for each, also for what could not be written.

    `redact` has the last look at each file, since secrets may have been learned late.
    `environment` tells where a job of GitHub Actions has its summary.
    """
    for kind, what, path, render in _wanted(settings):
        text = redact(render(record, trend))
        yield write_file(kind, what, path, text.encode("utf-8", "backslashreplace"))
    yield from _write_summary(settings, record, trend, redact, environment)


def write_file(kind: str, what: str, path: Path, content: bytes) -> Written:
    """Write one, elsewhere if there is no room for it; the line that tells of it."""
    try:
        replace_file(path, content)
    except OSError as error:
        found = f"{what} {path} was not written: {error.strerror or error}"
        instead = _saved(path.name, content) if error.errno in _FULL else None
        if instead is not None:
            found += f"; it is in {instead}"
        return Written(found, is_there=False, kind=kind, path=instead)
    return Written(f"{what}: {path}", is_there=True, kind=kind, path=path)


def _saved(name: str, content: bytes) -> Path | None:
    """The same file below the temporary directory; None where that is full as well."""
    try:
        path = _instead() / name
        path.write_bytes(content)
    except OSError:
        return None
    return path


@functools.cache
def _instead() -> Path:
    """One directory for all that a process could not write elsewhere."""
    return Path(tempfile.mkdtemp(prefix="kubeflow-report-"))


def replace_file(path: Path, content: bytes) -> None:
    """Write a file that readers see as it was or as it will be. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():  # a pipe, /dev/stdout
        path.write_bytes(content)
        return
    with replacing(path) as file:
        file.write(content)


def _wanted(settings: ReportingSettings) -> Iterator[tuple[str, str, Path, Render]]:
    if settings.report is not None:
        from pytest_kubeflow.reporting.page import render

        yield "report", "report", settings.report, render
    if settings.json is not None:
        yield "json", "JSON", settings.json, _json
    if settings.ctrf is not None:
        from pytest_kubeflow.reporting.formats import ctrf

        yield "ctrf", "CTRF", settings.ctrf, ctrf.render
    if settings.prometheus is not None:
        from pytest_kubeflow.reporting.formats import prometheus

        yield "prometheus", "metrics", settings.prometheus, prometheus.render


def _json(record: SessionRecord, _trend: Trend) -> str:
    from pytest_kubeflow.reporting.records.document import dump

    return dump(record).decode()


def _write_summary(
    settings: ReportingSettings,
    record: SessionRecord,
    trend: Trend,
    redact: Callable[[str], str],
    environment: Mapping[str, str],
) -> Iterator[Written]:
    """Append to what other steps and tools have written for this one."""
    from pytest_kubeflow.reporting.formats.github import LIMIT, render, summary_file

    path = summary_file(settings.github_summary, environment)
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        there = path.stat().st_size if path.is_file() else 0
        text = redact(render(record, trend, room=LIMIT - there))
        with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError as error:
        message = f"summary {path} was not written: {error.strerror or error}"
        yield Written(message, is_there=False)
    else:
        yield Written(f"summary: {path}", is_there=True)
