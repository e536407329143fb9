"""Secrets inside base64, hex and escaped URLs: known ones, and what looks like one.

A run of the alphabet is decoded from its beginning, which is where encoders begin. What is known is
found in base64 that begins anywhere (see `forms`); here the rest is looked for: hex, base64 of
base64, of UTF-16, and of whole documents, such as a kubeconfig in a Secret.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable
from urllib.parse import unquote

from pytest_kubeflow.redaction.parts import each_redacted
from pytest_kubeflow.redaction.secret import MASK

_SHORTEST = 16
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
_RUN = re.compile(rf"[A-Za-z0-9+/_-]{{{_SHORTEST},}}")
_WORD = re.compile(r"[^\s\"'<>]+")
_HEX = re.compile(rb"[0-9A-Fa-f]{16,}")
_STANDARD = bytes(
    b"+/"["-_".index(one)] if one in "-_" else byte if one in _ALPHABET else ord(" ")
    for byte, one in ((byte, chr(byte)) for byte in range(256))
)
"""What is no character of base64 becomes a space, what is one of its URLs' the usual one."""

_TEXT = bytes([*b"\t\n\r", *range(32, 127)])
_BINARY = 0.25
"""The part of what was decoded that is no text, from where on it is not looked at.

Of random bytes it is 0.6.
"""


def without_escapes(text: str, redact: Callable[[str], str]) -> str:
    """`text`, in which words that hide a secret in %XX stand without such escapes."""
    if "%" not in text:
        return text
    words = [word for word in _WORD.findall(text) if "%" in word]
    plain = list(map(unquote, words))
    shown = {
        word: after
        for word, before, after in zip(words, plain, each_redacted(plain, redact), strict=True)
        if before != after
    }
    if not shown:
        return text
    return _WORD.sub(lambda word: shown.get(word.group(), word.group()), text)


def without_encoded(text: str, redact: Callable[[str], str]) -> str:
    """`text` without the runs whose decoded text `redact` changes."""
    words = text.encode("ascii", "replace").translate(_STANDARD).split()
    runs = [word for word in words if len(word) >= _SHORTEST]
    decoded: list[str] = []
    of_run: list[int] = []
    for number, run in enumerate(runs):
        for plain in _decoded(run):
            decoded.append(plain)
            of_run.append(number)
    hidden = {
        number
        for number, before, after in zip(
            of_run, decoded, each_redacted(decoded, redact), strict=True
        )
        if after != before
    }
    if not hidden:
        return text
    numbers = iter(range(len(runs)))
    return _RUN.sub(lambda run: MASK if next(numbers) in hidden else run.group(), text)


def _decoded(run: bytes) -> list[str]:
    """The texts that a run may stand for. Most runs are names and stand for none."""
    odd = len(run) % 4
    found = [_text(binascii.a2b_base64(run[: -1 if odd == 1 else None] + b"=" * (-odd % 4)))]
    # What stands before it, such as 0x or sha1-, may be of the same alphabet.
    for digits in _HEX.findall(run):
        for start in (0, 1):
            found.append(
                _text(binascii.unhexlify(digits[start : start + (len(digits) - start) // 2 * 2]))
            )
    return [one for one in found if one]


def _text(data: bytes) -> str:
    """`data` as UTF-8 or UTF-16; "" if it is no text."""
    if b"\0" in data:
        data = data.replace(b"\0", b"")
    try:
        return data.decode()
    except UnicodeDecodeError:
        binary = len(data.translate(None, _TEXT))
        return "" if binary > _BINARY * len(data) else data.decode("latin-1")
