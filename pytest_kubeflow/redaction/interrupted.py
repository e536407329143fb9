"""Lines whose characters have others between them that are not seen: colours, UTF-16's zeros."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import groupby

from pytest_kubeflow.plain_text import CODE
from pytest_kubeflow.redaction.parts import each_redacted

_ESCAPE = r"(?:\x1b|\\x1b|\\u001b|\\033|\\e|#x1B)"
"""ESC, as it is, and as Python, JSON, C, a shell and pytest's JUnit write it."""

_UNSEEN = re.compile(
    rf"{_ESCAPE}\[[0-?]{{0,64}}[ -/]{{0,8}}[@-~]"  # colours, and movements of the cursor
    rf"|{CODE.pattern}"
    r"|\x00|\\x00|\\u0000"  # every other byte of a text in UTF-16
    r"|[\u00ad\u200b-\u200d\u2060\ufeff]"
)
_CHARACTERS = "\x1b\x9b\x00\u00ad\u200b\u200c\u200d\u2060\ufeff"
_ESCAPED = ("\\x1b", "\\u001b", "\\033", "\\e[", "\\x00", "\\u0000")


def has_unseen(text: str) -> bool:
    """Whether there may be something that is not seen."""
    return (
        # To look for a single character is several times faster than for two.
        any(one in text for one in _CHARACTERS)
        or ("\\" in text and any(one in text for one in _ESCAPED))
        or "#x1B" in text
    )


def without_unseen(line: str) -> str:
    """What is seen of a line."""
    return _UNSEEN.sub("", line)


def without_interruptions(text: str, redact: Callable[[str], str]) -> str:
    """`text`, in which lines that hide a secret so stand without what was between it."""
    if not has_unseen(text):
        return text
    lines = text.split("\n")
    plain = list(map(without_unseen, lines))
    together = groupby(range(len(lines)), key=lambda number: plain[number] != lines[number])
    blocks = [(interrupted, list(numbers)) for interrupted, numbers in together]
    seen = ["\n".join(plain[n] for n in numbers) for interrupted, numbers in blocks if interrupted]
    redacted = iter(zip(seen, each_redacted(seen, redact), strict=True))
    shown: list[str] = []
    for interrupted, numbers in blocks:
        before, after = next(redacted) if interrupted else ("", "")
        shown += [after] if before != after else [lines[number] for number in numbers]
    return "\n".join(shown)
