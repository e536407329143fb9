"""Secrets in hex whose digits stand apart: 70:6c, 70 6c, 70-6c, "0x70, 0x6c", 706c 616e."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import chain

from pytest_kubeflow.redaction.encoded import text_of
from pytest_kubeflow.redaction.parts import each_redacted
from pytest_kubeflow.redaction.secret import MASK

_KINDS = bytes(
    ord("h" if chr(byte) in "0123456789ABCDEFabcdef" else "s" if chr(byte) in " :,-\t\n" else "x")
    if chr(byte) in "0123456789ABCDEFabcdef :,-\t\nx"
    else ord(".")
    for byte in range(256)
)
"""Each character as h, a digit, as s, a separator, as x, or as a dot: to look for is fast then."""

_SEEDS = (
    b"hhs" * 7 + b"hh",
    b"hxhhss" * 7 + b"hxhh",
    b"hxhhs" * 7 + b"hxhh",
    b"hhhhs" * 3 + b"hhhh",
)
_DIGITS = r"(?:0x)?(?:[0-9A-Fa-f]{2}){1,4}(?![0-9A-Fa-fx])"
_SEPARATED = re.compile(rf"{_DIGITS}(?:[ :,\t\n-]{{1,24}}{_DIGITS})*+")
_NO_DIGIT = re.compile(r"0x|[^0-9A-Fa-f]")


def without_separated(text: str, redact: Callable[[str], str]) -> str:
    """`text` without rows of digits whose decoded text `redact` changes."""
    kinds = text.encode("ascii", "replace").translate(_KINDS)
    starts = sorted(set(chain.from_iterable(_found(kinds, seed) for seed in _SEEDS)))
    rows: list[tuple[int, int]] = []
    end = 0
    for start in starts:
        if start >= end and (row := _SEPARATED.match(text, start)):
            end = row.end()
            rows.append((start, end))
    plain = [text_of(bytes.fromhex(_NO_DIGIT.sub("", text[a:b]))) for a, b in rows]
    parts, copied = [], 0
    for (start, end), before, after in zip(rows, plain, each_redacted(plain, redact), strict=True):
        if before != after:
            parts += [text[copied:start], MASK]
            copied = end
    return "".join([*parts, text[copied:]])


def _found(kinds: bytes, seed: bytes) -> list[int]:
    """Where the seed stands; not more often than it has room."""
    found = []
    at = kinds.find(seed)
    while at >= 0:
        found.append(at)
        at = kinds.find(seed, at + len(seed))
    return found
