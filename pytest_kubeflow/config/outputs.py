"""Parsers of paths at which a session writes something: judged before it has anything to tell."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from pytest_kubeflow.config.parsers import Parser
from pytest_kubeflow.config.writable import unwritable

_MADE = "missing directories above it are made"
_BY = {
    ".html": "--kf-report writes a page in HTML",
    ".json": "--kf-json writes JSON, and --kf-ctrf another kind of it",
    ".md": "--kf-github-summary writes Markdown",
    ".pdf": "--kf-report writes a page that browsers print",
    ".prom": "--kf-prometheus writes metrics",
    ".xml": "--junit-xml writes JUnit XML",
    ".zip": "--kf-bundle writes an archive with the evidence",
}
"""What writes a file of that ending, for who has taken another option for it."""

_ARCHIVES = frozenset({".7z", ".bz2", ".gz", ".rar", ".tar", ".tgz", ".txz", ".xz", ".zst"})


def _output(text: str, base: Path, *, directory: bool = False) -> Path:
    try:
        path = base / Path(text).expanduser()
        reason = unwritable(path, directory=directory)
    except (RuntimeError, ValueError) as error:  # "~name" of nobody; a NUL in it
        raise ValueError(f"{text!r}: {error}") from None
    if reason:
        raise ValueError(reason)
    return path


def _document(*endings: str) -> Callable[[str, Path], Path]:
    """A file that programs know by its ending; without one it may be anything."""

    def parse(text: str, base: Path) -> Path:
        path = _output(text, base)
        ending = path.suffix.lower()
        if not ending or ending in endings or (path.exists() and not path.is_file()):
            return path
        message = f"{path.name} ends in {path.suffix}, not in {endings[0]}"
        raise ValueError(f"{message}; {_BY[ending]}" if ending in _BY else message)

    return parse


def is_archive(path: Path | str) -> bool:
    """Whether a bundle there is one file and no directory."""
    return str(path).lower().endswith(".zip")


def _bundle(text: str, base: Path) -> Path:
    path = _output(text, base, directory=not is_archive(text))
    if path.suffix.lower() in _ARCHIVES and not path.is_dir():
        raise ValueError(f"{path.name} ends in {path.suffix}: the one kind of archive is .zip")
    return path


def _summary(text: str, base: Path) -> str | Path:
    return text if text in {"auto", "never"} else _output(text, base)


def _ends_in(ending: str) -> str:
    return f"the path of a file that can be written, ending in {ending} or in nothing; {_MADE}"


PAGE = Parser(_document(".html", ".htm"), _ends_in(".html"))
JSON = Parser(_document(".json"), _ends_in(".json"))
METRICS = Parser(_document(".prom"), _ends_in(".prom"))
DIRECTORY = Parser(
    partial(_output, directory=True), "the path of a directory that can be written to, or be made"
)
BUNDLE = Parser(
    _bundle,
    "the path of a directory, or of a file whose name ends in .zip, that can be written or made",
)
SUMMARY = Parser(_summary, "auto, never, or the path of a file that can be written")
