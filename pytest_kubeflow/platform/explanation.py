"""What the catalogue says of a fault: for the terminal, and as the reference page.

`python -m pytest_kubeflow.platform.explanation` prints docs/reference/faults.md's table.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from itertools import groupby

from pytest_kubeflow.platform.catalogue import FAULTS
from pytest_kubeflow.platform.fault import Fault

_WIDTH = 96


def explain(fault: Fault) -> str:
    """An entry of the catalogue, for people at a terminal."""
    return "\n".join(_lines(fault))


def reference() -> str:
    """The whole catalogue as Markdown."""
    return "\n".join(line for fault in FAULTS.values() for line in _section(fault)) + "\n"


def _releases(fault: Fault) -> str:
    since = f"since Kubeflow {fault.since}" if fault.since else ""
    until = f"until Kubeflow {fault.until}" if fault.until else ""
    return ", ".join(part for part in (since, until) if part) or "any release of Kubeflow"


def _lines(fault: Fault) -> Iterator[str]:
    yield f"{fault.code} {fault.name} ({fault.severity.value}; {_releases(fault)})"
    yield f"{fault.title}."
    parts = {"Symptom": fault.symptom, "What is looked at": fault.looked_at, "Fix": fault.fix}
    for heading, text in parts.items():
        yield ""
        yield f"{heading}:"
        yield from _wrapped(text)
    yield ""
    yield f"Source: {fault.source}"


def _wrapped(text: str) -> Iterator[str]:
    """Paragraphs are filled; lines that begin with spaces are code and stay as they are."""
    for line in text.splitlines():
        if line.startswith("    ") or not line.strip():
            yield f"  {line}".rstrip()
        else:
            yield from textwrap.wrap(line, _WIDTH, initial_indent="  ", subsequent_indent="  ")


def _section(fault: Fault) -> Iterator[str]:
    yield f"### {fault.code} {fault.name}"
    yield ""
    yield f"{fault.title}. *{fault.severity.value}; {_releases(fault)}*"
    yield ""
    yield f"**Symptom.** {fault.symptom}"
    yield ""
    yield f"**What is looked at.** {fault.looked_at}"
    yield ""
    yield from _as_markdown(f"**Fix.** {fault.fix}")
    yield ""
    yield f"Source: {fault.source}"
    yield ""


def _as_markdown(text: str) -> Iterator[str]:
    """Lines that begin with four spaces become blocks of code."""
    for is_code, lines in groupby(text.splitlines(), key=lambda line: line.startswith("    ")):
        if is_code:
            yield from ("", "```bash", *(line[4:] for line in lines), "```")
        else:
            yield from lines


if __name__ == "__main__":
    sys.stdout.write(reference())
