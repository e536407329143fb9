r"""Secrets whose characters are written as escapes: %70, \x70, \160, \u0070, &#112;, &#x70;."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from urllib.parse import unquote

from pytest_kubeflow.redaction.parts import each_redacted

_WORD = re.compile(r"[^\s\"'<>]+")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}|&#|&amp;#|\\(?:x[0-9A-Fa-f]|u[0-9A-Fa-f]|[0-7]{3})")
_BYTES = re.compile(r"(?:\\{1,4}(?:x[0-9A-Fa-f]{2}|[0-3][0-7]{2}))+")
_BYTE = re.compile(r"\\+(?:x(?P<hex>..)|(?P<octal>...))")
_CHARACTER = re.compile(r"\\{1,4}u(?P<hex>[0-9A-Fa-f]{4})")
_ROUNDS = 2
"""Escapes may be escaped themselves, as in a page that shows a URL."""


def without_escapes(text: str, redact: Callable[[str], str]) -> str:
    """`text`, in which words that hide a secret in escapes stand without such."""
    if not any(one in text for one in "%&\\"):
        return text
    words = [word for word in _WORD.findall(text) if _ESCAPE.search(word)]
    plain = list(map(_unescaped, words))
    shown = {
        word: after
        for word, before, after in zip(words, plain, each_redacted(plain, redact), strict=True)
        if before != after
    }
    if not shown:
        return text
    return _WORD.sub(lambda word: shown.get(word.group(), word.group()), text)


def _unescaped(word: str) -> str:
    for _ in range(_ROUNDS):
        before = word
        if "%" in word:
            word = unquote(word)
        if "&" in word:
            word = html.unescape(word)
        if "\\" in word:
            word = _BYTES.sub(_of_bytes, word)
            word = _CHARACTER.sub(lambda one: chr(int(one["hex"], 16)), word)
        if word == before:
            break
    return word


def _of_bytes(escaped: re.Match[str]) -> str:
    data = bytes(
        int(one["hex"], 16) if one["hex"] else int(one["octal"], 8)
        for one in _BYTE.finditer(escaped.group())
    )
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
