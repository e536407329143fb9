"""Secret: a string that is not printed by accident."""

from __future__ import annotations

import hmac
from typing import NoReturn

from pytest_kubeflow.redaction.words import is_common

MASK = "***"

SHORTEST = len(MASK) + 1
"""Shorter ones occur by chance everywhere, and a text without its vowels helps nobody."""


class Secret:
    """A string that shows itself only to who asks with `reveal`; repr, str and format are masked.

    It is not pickled and not copied apart: nothing passes it on by accident.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value in clear, for the one place that sends it."""
        return self._value

    @property
    def is_common(self) -> bool:
        """Whether it is so short or so plain a word that texts have it by chance."""
        return is_common(self._value.strip())

    @property
    def is_masked(self) -> bool:
        """Whether it is long enough to be taken out of texts."""
        return len(self._value.strip()) >= SHORTEST

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, _memo: object) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled: hand it over in a file that only its owner reads")
