"""KnownSecrets: the values that were named as secrets, in all their forms."""

from __future__ import annotations

import re
import threading

from pytest_kubeflow.redaction.forms import forms
from pytest_kubeflow.redaction.secret import MASK
from pytest_kubeflow.redaction.words import is_common

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
        self._common: frozenset[str] = frozenset()

    def add(self, value: str) -> None:
        """From now on, mask this one too."""
        new = frozenset(forms(value))
        with self._lock:
            if is_common(value.strip()):
                self._common |= new
            else:
                self._forms |= new

    def mask(self, text: str) -> str:
        """`text` without them."""
        # A mask may complete a secret that has asterisks itself.
        for _ in range(_ROUNDS):
            found = _in(text, self._forms)
            if not found:
                break
            text = re.sub(_any_of(found), MASK, text)
        if found := _in(text, self._common):
            words = _any_of(found)
            for place in _ASSIGNED:
                text = re.sub(place.format(words=words), rf"\1{MASK}", text)
        return text


def _in(text: str, values: frozenset[str]) -> list[str]:
    """Those that the text has at all: to look for each is faster than for any of many."""
    return [one for one in values if one in text]


def _any_of(values: list[str]) -> str:
    # Longest first: a form that contains another one must win.
    return "|".join(map(re.escape, sorted(values, key=lambda form: (-len(form), form))))
