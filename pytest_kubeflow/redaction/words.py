"""Words: values that are no secrets although they stand where one could."""

from __future__ import annotations

import re

_LONGEST_WORD = 24
_SHORTEST_SECRET = 8
_NOTHING = frozenset({"none", "null", "true", "false", "str", "secret", "optional", "...", ""})
_KEYS = ("password", "passwd", "token", "key", "secret", "credentials")
_NAME = re.compile(r"[A-Za-z_]\w{0,100}(?:\.[A-Za-z_]\w{0,100}){0,8}", re.ASCII)
_EXPRESSION = re.compile(r"[A-Za-z_][\w.]{0,200}[(\[]|[({\[]", re.ASCII)
_PLACEHOLDER = re.compile(r"\$\{?[A-Za-z_]\w{0,100}\}?|\$?\{[^{}]{0,200}\}|%[srd]|%\(\w{1,100}\)s")
_BETWEEN_WORDS = re.compile(r"[-/._,:;!?=\"']")


def is_common(value: str) -> bool:
    """Whether a credential is so short or so plain that texts have it by chance: "test", "1234"."""
    return len(value) < _SHORTEST_SECRET or _is_small(value)


def is_no_word(value: str) -> bool:
    """Whether a value is more than words of a sentence, such as "authentication."."""
    words = (one for one in _BETWEEN_WORDS.split(value) if one)
    return not all(_is_small(one[0].lower() + one[1:]) for one in words)


def is_quoted_value(value: str) -> bool:
    """Whether what stands in quotes is a value, and no place for one."""
    return value.lower() not in _NOTHING and _PLACEHOLDER.fullmatch(value) is None


def is_value(value: str) -> bool:
    """Whether what was assigned is a value: no expression of Python, no name of a variable."""
    if not is_quoted_value(value) or _EXPRESSION.match(value):
        return False
    name = value.rstrip(")]}")
    return not (_NAME.fullmatch(name) and name.lower().endswith(_KEYS))


def is_random(value: str) -> bool:
    """Whether a value has what few names and paths have: digits among the letters."""
    return is_value(value) and value[0] not in "/." and any(one.isdigit() for one in value)


def is_userinfo(value: str) -> bool:
    """Whether what stands before the @ of a URL, without a password, may be a token."""
    return len(value) >= _SHORTEST_SECRET and any(one.isdigit() or one.isupper() for one in value)


def _is_small(value: str) -> bool:
    """Whether it has small letters of ASCII alone, and no more of them than words have."""
    return len(value) < _LONGEST_WORD and value.isascii() and value.isalpha() and value.islower()
