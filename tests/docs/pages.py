"""Pages of the reference whose tables are generated: `python -m tests.docs.pages` writes them.

What stands before the mark is written by hand, what follows it is generated.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.docs import rights, sentences, suite_tests, versions

MARK = "<!-- generated -->\n"
FOLDER = Path(__file__).parents[2] / "docs/reference"
GENERATED: dict[str, Callable[[], str]] = {
    "footprint.md": rights.reference,
    "tests.md": suite_tests.reference,
    "troubleshooting.md": sentences.reference,
    "versions.md": versions.reference,
}
"""By page, what stands below its mark."""


def page(name: str) -> str:
    """The whole page, as it has to be."""
    before, mark, _ = (FOLDER / name).read_text(encoding="utf-8").partition(MARK)
    assert mark, f"{name} has no line {MARK!r}"
    return f"{before}{mark}\n{GENERATED[name]().rstrip()}\n"


def write() -> None:
    """All of them anew."""
    for name in GENERATED:
        (FOLDER / name).write_text(page(name), encoding="utf-8")


if __name__ == "__main__":
    write()
