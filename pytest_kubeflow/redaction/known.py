"""KnownSecrets: the values that were named as secrets, in all their forms."""

from __future__ import annotations

import re
import threading
from itertools import accumulate

from pytest_kubeflow.redaction.cut import without_cut
from pytest_kubeflow.redaction.forms import forms
from pytest_kubeflow.redaction.secret import MASK
from pytest_kubeflow.redaction.words import is_common

_LINE_END = re.compile(r"\\?\r?\n[ \t]{0,64}")
"""With the backslash that continues a line, and the indentation of the next one."""

_INDENTATION = re.compile(r"(?<=\n)[ \t]{1,64}")

_AT_LINE_END = re.compile(r"\n|[\\\r]\Z|\A[ \t]")

_ROUNDS = 8
_ASSIGNED = (
    # In quotes of its own; after a sign of assignment, at its line's end; a password of a URL.
    r"(?P<quote>\\?[\"'`])(?:{words})={{0,2}}(?=\\?[\"'`])",
    r"(?P<equals>=)(?:{words})={{0,2}}(?![\w/.-])",
    r"(?P<colon>[:=][ \t]{{1,4}})(?:{words})={{0,2}}(?=[ \t]{{0,8}}(?:[\r\n,;&}}\])\"']|\Z))",
    r"(?P<userinfo>://[^\s/:@]{{0,256}}:)(?:{words})={{0,2}}(?=@)",
)


class KnownSecrets:
    """Masks what it knows: everywhere, but a common word only where it stands as a value."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._forms: frozenset[str] = frozenset()
        self._at_line_ends: frozenset[str] = frozenset()
        """Those of `_forms` that a text has no more once its lines are joined."""
        self._common: frozenset[str] = frozenset()

    def add(self, value: str) -> None:
        """From now on, mask this one too."""
        new = frozenset(forms(value))
        with self._lock:
            if is_common(value.strip()):
                self._common |= new
            else:
                self._forms |= new
                self._at_line_ends = frozenset(filter(_AT_LINE_END.search, self._forms))

    def mask(self, text: str) -> str:
        """`text` without them."""
        text = self.mask_uncommon(text)
        if found := _in(text, self._common):
            words = _any_of(found)
            for place in _ASSIGNED:
                text = re.sub(place.format(words=words), rf"\1{MASK}", text)
        return text

    def mask_uncommon(self, text: str) -> str:
        """`text` without those that no text has by chance."""
        # A mask may complete a secret that has asterisks itself.
        for _ in range(_ROUNDS):
            found = _in(_joined(text), self._forms)
            alone = found + _in(text, self._at_line_ends)
            if not alone:
                break
            masked = re.sub(_any_of(alone), MASK, text)
            if masked == text:
                masked = _without_broken(text, found)
            text = masked
        return without_cut(text, self._forms)


def _joined(text: str) -> str:
    """`text` without what _LINE_END finds; to look for each part of it is faster."""
    for before in "\r\\":
        if before in text:  # to look for one character is much faster than for two
            text = text.replace(f"{before}\n", "\n")
    if "\n " in text or "\n\t" in text:
        text = _INDENTATION.sub("", text)
    return text.replace("\n", "")


def _without_broken(text: str, found: list[str]) -> str:
    """`text` without the values that go on in the next line; the ends of lines stay."""
    ends = list(_LINE_END.finditer(text))
    starts = [0, *(end.end() for end in ends)]
    lines = [
        text[a:b] for a, b in zip(starts, [*(e.start() for e in ends), len(text)], strict=True)
    ]
    joined = "".join(lines)
    at = list(accumulate(map(len, lines), initial=0))
    """Where each line begins in what was joined."""
    parts: list[str] = []
    copied, line = 0, 0
    for match in re.finditer(_any_of(found), joined):
        while at[line + 1] <= match.start():
            parts += [joined[copied : at[line + 1]], ends[line].group()]
            line += 1
            copied = at[line]
        parts += [joined[copied : match.start()], MASK]
        copied = match.end()
        while at[line + 1] < match.end():
            parts.append(ends[line].group())
            line += 1
    for number in range(line, len(ends)):
        parts += [joined[copied : at[number + 1]], ends[number].group()]
        copied = at[number + 1]
    return "".join([*parts, joined[copied:]])


def _in(text: str, values: frozenset[str]) -> list[str]:
    """Those that the text has at all: to look for each is faster than for any of many."""
    return [one for one in values if one in text]


def _any_of(values: list[str]) -> str:
    # Longest first: a form that contains another one must win.
    return "|".join(map(re.escape, sorted(values, key=lambda form: (-len(form), form))))
