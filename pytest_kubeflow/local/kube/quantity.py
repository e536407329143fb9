"""Kubernetes quantities as exact numbers."""

from __future__ import annotations

import re
from fractions import Fraction

_SUFFIXES = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    "": Fraction(1),
    "k": Fraction(10**3),
    "M": Fraction(10**6),
    "G": Fraction(10**9),
    "T": Fraction(10**12),
    "P": Fraction(10**15),
    "E": Fraction(10**18),
    "Ki": Fraction(2**10),
    "Mi": Fraction(2**20),
    "Gi": Fraction(2**30),
    "Ti": Fraction(2**40),
    "Pi": Fraction(2**50),
    "Ei": Fraction(2**60),
}
_QUANTITY = re.compile(
    r"(?P<number>[+-]?(?:\d+\.?\d*|\.\d+))(?:(?P<suffix>[KMGTPE]i|[numkMGTPE])|[eE](?P<exponent>[+-]?\d{1,3}))?"
)


def parse_quantity(text: str | float) -> Fraction:
    """`100m`, `1.5Gi`, `2e3` -> exact value (CPUs, bytes, pieces).

    Raises ValueError for anything that the API server would refuse. Grammar:
    apimachinery/pkg/api/resource/quantity.go.
    """
    match = _QUANTITY.fullmatch(str(text))
    if match is None:
        raise ValueError(
            f"{text!r} is not a quantity: a number with one of "
            f"{', '.join(suffix for suffix in _SUFFIXES if suffix)}, or an exponent such as 2e3"
        )
    number = Fraction(match["number"])
    if match["exponent"]:
        return number * Fraction(10) ** int(match["exponent"])
    return number * _SUFFIXES[match["suffix"] or ""]


def format_quantity(value: Fraction, *, like: str = "") -> str:
    """The shortest way to write an exact value, in powers of 1024 where `like` is written so.

    Source: CanonicalizeBytes in apimachinery/pkg/api/resource/quantity.go.
    """
    binary = like.endswith("i") and abs(value) >= 1024 and value.denominator == 1
    chosen, best = "", value
    for suffix, factor in _SUFFIXES.items():
        if suffix.endswith("i") is not binary and suffix:
            continue
        number = value / factor
        if number.denominator == 1 and (best.denominator != 1 or abs(number) < abs(best)):
            chosen, best = suffix, number
    if best.denominator != 1:  # less than the smallest unit: rounded up, as Go does it
        return f"{-(-value // _SUFFIXES['n'])}n"
    return f"{best.numerator}{chosen}"
