"""Literals that Python's printer has in several lines, as in the differences that pytest shows.

There, lines of the other side may stand between, and hints at what differs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from pytest_kubeflow.redaction.interrupted import has_unseen, without_unseen
from pytest_kubeflow.redaction.parts import each_redacted

_SIGN = re.compile(r"(?:E {1,64}| {0,8})(?P<sign>[-+?])(?: |\Z)")
"""Before a line of a difference, which pytest puts an E and spaces before in its reports."""

_ENDS = ("'", '"')
_GOES_ON = re.compile(r"(?:E {1,64}|[ \t]{0,64})(?:[-+] )?[ \t(\[{]{0,64}b?[\"']")
_SIDES = ("-", "+")


def without_wrapped(text: str, redact: Callable[[str], str]) -> str:
    """`text`, in which literals that hide a secret so stand in one line."""
    coded = has_unseen(text)
    if not coded and "'\n" not in text and '"\n' not in text:
        return text
    lines = text.split("\n")
    plain = list(map(without_unseen, lines)) if coded else lines
    shown = _joined(plain, redact)
    if not shown:
        return text
    return "\n".join(one for n, line in enumerate(lines) for one in shown.get(n, [line]))


def _joined(lines: Sequence[str], redact: Callable[[str], str]) -> dict[int, list[str]]:
    """What stands in place of a line, by its number."""
    signs = [found["sign"] if (found := _SIGN.match(line)) else "" for line in lines]
    sides = _SIDES if any(signs) else _SIDES[:1]
    literals = [literal for side in sides for literal in _literals(lines, signs, side)]
    joined = ["".join(_pieces(lines, literal)) for literal in literals]
    shown: dict[int, list[str]] = {}
    for literal, before, after in zip(literals, joined, each_redacted(joined, redact), strict=True):
        if before != after:
            for number in literal:
                shown.setdefault(number, [])
            # A line that both sides have may begin two literals.
            shown[literal[0]].append(after)
    return shown


def _literals(lines: Sequence[str], signs: Sequence[str], side: str) -> Iterator[list[int]]:
    """The numbers of the lines of each literal of a side that has more than one."""
    literal: list[int] = []
    for number, line in enumerate(lines):
        if signs[number] not in {side, ""}:
            continue
        if literal and not _GOES_ON.match(line):
            if len(literal) > 1:
                yield literal
            literal = []
        if line.endswith(_ENDS):
            literal.append(number)
        elif literal:
            yield [*literal, number]
            literal = []
    if len(literal) > 1:
        yield literal


def _pieces(lines: Sequence[str], literal: Sequence[int]) -> Iterator[str]:
    """What each line has of a literal; the first and the last with what else is in them."""
    for number in literal:
        line = lines[number]
        start = 0
        if number != literal[0] and (found := _GOES_ON.match(line)):
            start = found.end()
        yield line[start:] if number == literal[-1] else line[start:-1]
