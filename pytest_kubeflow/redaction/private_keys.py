"""Private keys in PEM: whole ones, and those whose beginning or end was cut off."""

from __future__ import annotations

import re

from pytest_kubeflow.redaction.secret import MASK

_END_OF_LABEL = "PRIVATE KEY-----"
_BEGIN = re.compile(r"-----BEGIN (?P<label>[A-Z0-9 ]{0,64})PRIVATE KEY-----")
_END = re.compile(r"-----END (?P<label>[A-Z0-9 ]{0,64})PRIVATE KEY-----")
_SHORTEST_LINE = 16
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/=]")


def without_private_keys(text: str) -> str:
    """`text` with what stands between the marks of a private key masked.

    Each character is read a bounded number of times: what is after a BEGIN is gone up to the END
    or to the end of the text, and the lines before an END that has no BEGIN are looked at once.
    """
    if _END_OF_LABEL not in text:
        return text
    parts: list[str] = []
    at = 0
    while (begin := _BEGIN.search(text, at)) is not None:
        end = _END.search(text, begin.end())
        parts += _cut_off(text, at, begin.start())
        parts += [begin.group(), MASK]
        if end is None:
            # With its end, so that to mask it again takes nothing more.
            parts.append(f"-----END {begin['label']}PRIVATE KEY-----")
            return "".join(parts)
        parts.append(end.group())
        at = end.end()
    parts += _cut_off(text, at, len(text))
    return "".join(parts)


def _cut_off(text: str, start: int, stop: int) -> list[str]:
    """text[start:stop], which has no BEGIN, without the lines of base64 before each END."""
    parts: list[str] = []
    for end in _END.finditer(text, start, stop):
        first = _first_of_lines(text, start, end.start())
        parts.append(text[start:first])
        if first < end.start():
            parts.append(MASK)
        parts.append(end.group())
        start = end.end()
    return [*parts, text[start:stop]]


def _first_of_lines(text: str, start: int, stop: int) -> int:
    """Where the lines of base64 begin that end at `stop`; `stop` if there are none."""
    # The mark may be indented.
    line_start = text.rfind("\n", start, stop) + 1
    if line_start <= start or text[line_start:stop].strip(" \t"):
        return stop
    first = stop
    while line_start > start:
        end = line_start - 1
        line_start = max(text.rfind("\n", start, end) + 1, start)
        line = text[line_start:end].strip(" \t\r")
        if len(line) < _SHORTEST_LINE or _NOT_BASE64.search(line):
            break
        first = line_start
    return first
