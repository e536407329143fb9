"""Secrets inside base64, base32 and hex: known ones, and what looks like one.

A run of the alphabet is decoded from its beginning, which is where encoders begin. What is known is
found in base64 that begins anywhere (see `forms`); here the rest is looked for: hex, base64 of
base64, of UTF-16, and of whole documents, such as a kubeconfig in a Secret.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable

from pytest_kubeflow.redaction.parts import each_redacted
from pytest_kubeflow.redaction.secret import MASK

_SHORTEST = 16
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
_HEX = re.compile(rb"[0-9A-Fa-f]{16,}")
_STANDARD = bytes(
    b"+/"["-_".index(one)] if one in "-_" else byte if one in _ALPHABET else ord(" ")
    for byte, one in ((byte, chr(byte)) for byte in range(256))
)
"""What is no character of base64 becomes a space, what is one of its URLs' the usual one."""

_KINDS = bytes(ord("a" if chr(byte) in _ALPHABET else " ") for byte in range(256))
_SHORTEST_RUN = b"a" * _SHORTEST

_BASE32 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_DIGITS_OF_BASE32 = bytes.maketrans(_BASE32, b"0123456789ABCDEFGHIJKLMNOPQRSTUV")
"""To the digits that Python has for the base 32: it reads them in linear time."""

_TEXT = bytes([*b"\t\n\r", *range(32, 127)])
_BINARY = 0.25
"""The part of what was decoded that is no text, from where on it is not looked at.

Of random bytes it is 0.6.
"""


def without_encoded(text: str, redact: Callable[[str], str]) -> str:
    """`text` without the runs whose decoded text `redact` changes."""
    data = text.encode("ascii", "replace")
    runs = _runs(data)
    data = data.translate(_STANDARD)
    decoded: list[str] = []
    of_run: list[int] = []
    for number, (start, end) in enumerate(runs):
        for plain in _decoded(data[start:end]):
            decoded.append(plain)
            of_run.append(number)
    shown = each_redacted(decoded, redact)
    hidden = {
        number
        for number, before, after in zip(of_run, decoded, shown, strict=True)
        if after != before
    }
    parts, copied = [], 0
    for start, end in (runs[number] for number in sorted(hidden)):
        parts += [text[copied:start], MASK]
        copied = end
    return "".join([*parts, text[copied:]])


def _runs(data: bytes) -> list[tuple[int, int]]:
    """Where characters of the alphabet stand in a row that is long enough.

    To look for the shortest of such rows is faster than to look at each word.
    """
    kinds = data.translate(_KINDS) + b" "
    found = []
    start = kinds.find(_SHORTEST_RUN)
    while start >= 0:
        end = kinds.find(b" ", start)
        found.append((start, end))
        start = kinds.find(_SHORTEST_RUN, end)
    return found


def _decoded(run: bytes) -> list[str]:
    """The texts that a run may stand for. Most runs are names and stand for none."""
    odd = len(run) % 4
    found = [text_of(binascii.a2b_base64(run[: -1 if odd == 1 else None] + b"=" * (-odd % 4)))]
    # What stands before it, such as 0x or sha1-, may be of the same alphabet.
    for digits in _HEX.findall(run):
        for start in (0, 1):
            found.append(
                text_of(binascii.unhexlify(digits[start : start + (len(digits) - start) // 2 * 2]))
            )
    if not run.translate(None, _BASE32) or not run.translate(None, _BASE32.lower()):
        found.append(text_of(_base32(run.upper())))
    return [one for one in found if one]


def _base32(run: bytes) -> bytes:
    bits = 5 * len(run)
    return (int(run.translate(_DIGITS_OF_BASE32), 32) >> bits % 8).to_bytes(bits // 8, "big")


def text_of(data: bytes) -> str:
    """`data` as UTF-8 or UTF-16; "" if it is no text."""
    if b"\0" in data:
        data = data.replace(b"\0", b"")
    try:
        return data.decode()
    except UnicodeDecodeError:
        binary = len(data.translate(None, _TEXT))
        return "" if binary > _BINARY * len(data) else data.decode("latin-1")
