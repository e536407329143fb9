"""Texts of others in Markdown, as literal text: nothing of them becomes markup, link or mention.

GitHub's Markdown makes links of addresses, people of @names, issues of #numbers and SHAs, and
pictures of :words:, in all text but code. To take each of these away by escapes one has to know
them all. In a code span and in a fenced block there is none, and these two have one way out each:
as many backticks as they began with.
"""

from __future__ import annotations

import re

_RUNS = re.compile(r"`+")
_ENDS = re.compile(r"\r\n?|[\v\f\x1c-\x1f\x85\u2028\u2029]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


def code(text: str, *, longest: int = 500) -> str:
    """One line of text as a code span; a text of nothing is an empty string."""
    # Cut first: a text may be a log as a whole.
    message = " ".join(_plain(text[: longest * 2]).split())
    if not message:
        return ""
    if len(message) > longest or len(text) > longest * 2:
        message = f"{message[:longest]}…"
    fence = _fence(message, 1)
    # Spaces keep the text's own backticks apart from the span's; they are not shown.
    pad = " " if message.startswith("`") or message.endswith("`") else ""
    return f"{fence}{pad}{message}{pad}{fence}"


def cell(text: str) -> str:
    """The same for a table, whose cells end at each bar, in code as well."""
    return code(re.sub(r"[|\\]", "·", text), longest=80)


def block(text: str, *, longest: int = 6_000, language: str = "text") -> str:
    """Lines of text as a fenced block."""
    message = _plain(text[:longest]).strip("\n")
    if len(text) > longest:
        message = f"{message}… ({len(text)} characters)"
    fence = _fence(message, 3)
    return f"{fence}{language}\n{message}\n{fence}\n"


def _fence(text: str, least: int) -> str:
    """Backticks, more than the text has anywhere in a row."""
    longest = max((len(run) for run in _RUNS.findall(text)), default=0)
    return "`" * max(least, longest + 1)


def _plain(text: str) -> str:
    """With LF as the only end of a line, without what UTF-8 or a page cannot have."""
    message = text.encode(errors="replace").decode()
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", _ENDS.sub("\n", message))
