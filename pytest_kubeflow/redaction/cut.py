"""What is left of a known secret where a text was cut: "abcdefgh...", "...uvwxyz".

pytest, and others, leave out the middle of what is long; each half may be most of a secret.
"""

from __future__ import annotations

from collections.abc import Iterable
from os.path import commonprefix

from pytest_kubeflow.redaction.secret import MASK

_LEAST = 8
"""Characters; fewer are there by chance, and are of no use."""

_CUTS = ("...", "…", "[...", " ...")
_CUTS_BEFORE = ("...", "…", "...]", "... ")


def without_cut(text: str, forms: Iterable[str]) -> str:
    """`text` without beginnings of `forms` before a cut, and ends of them after one."""
    if "..." not in text and "…" not in text:
        return text
    for form in forms:
        if len(form) <= _LEAST:
            continue
        if form[:_LEAST] in text:
            text = _without_beginnings(text, form)
        if form[-_LEAST:] in text:
            text = _without_ends(text, form)
    return text


def _without_beginnings(text: str, form: str) -> str:
    parts, copied = [], 0
    at = text.find(form[:_LEAST])
    while at >= 0:
        end = at + len(commonprefix([text[at : at + len(form)], form]))  # noqa: RUF071  no paths
        if text.startswith(_CUTS, end):
            parts += [text[copied:at], MASK]
            copied = end
        at = text.find(form[:_LEAST], end)
    return "".join([*parts, text[copied:]])


def _without_ends(text: str, form: str) -> str:
    backwards = form[::-1]
    parts, copied = [], 0
    end = _end_of(form, text, 0)
    while end >= 0:
        first = max(copied, end - len(form))
        start = end - len(commonprefix([text[first:end][::-1], backwards]))  # noqa: RUF071
        if text.endswith(_CUTS_BEFORE, copied, start):
            parts += [text[copied:start], MASK]
            copied = end
        end = _end_of(form, text, end)
    return "".join([*parts, text[copied:]])


def _end_of(form: str, text: str, start: int) -> int:
    """Where the end of `form` ends for the next time, from `start` on; -1 for nowhere."""
    at = text.find(form[-_LEAST:], start)
    return at if at < 0 else at + _LEAST
