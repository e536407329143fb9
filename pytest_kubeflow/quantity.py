"""Kubernetes quantities, exactly: `500m` CPUs, `1.5Gi` bytes, `2e3`.

Grammar and meaning: kubernetes/apimachinery pkg/api/resource/quantity.go.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction

_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_QUANTITY = re.compile(rf"({_NUMBER})(?:([eE][+-]?[0-9]{{1,3}})|([A-Za-z]{{0,2}}))")


def parse_quantity(text: str) -> Fraction:
    """The exact value of a quantity: CPUs, bytes or pieces.

    Raises ValueError with what is wrong, what was found and what is valid.
    """
    match = _QUANTITY.fullmatch(text)
    if match is not None:
        number, exponent, suffix = Fraction(match[1]), match[2], match[3] or ""
        if exponent:
            return number * _power(10, int(exponent[1:]))
        if suffix in _DECIMAL:
            return number * _power(10, _DECIMAL[suffix])
        if suffix in _BINARY:
            return number * _power(1024, _BINARY[suffix])
        if suffix == "K":
            raise ValueError(
                f"{text!r} is no quantity: the suffix is a small k (1000), or Ki (1024)"
            )
    raise ValueError(
        f"{text!r} is no quantity; valid: a number, perhaps with a suffix "
        f"({' '.join(name for name in (*_DECIMAL, *_BINARY) if name)}) or an exponent (2e3)"
    )


def _power(base: int, exponent: int) -> Fraction:
    return Fraction(base**exponent) if exponent >= 0 else Fraction(1, base**-exponent)


def millicpus(text: str) -> int:
    """CPUs in thousandths, rounded up, as Kubernetes counts them."""
    return math.ceil(parse_quantity(text) * 1000)


def whole(text: str) -> int:
    """Bytes or pieces, rounded up, as Kubernetes counts them."""
    return math.ceil(parse_quantity(text))


def show_bytes(count: int) -> str:
    """Bytes for people, in binary units: `23.4 GiB`."""
    size = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(size) < 1024:
            return f"{size:.0f} {unit}" if size.is_integer() else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def show_cpus(millis: int) -> str:
    """CPUs for people: `2`, `0.5`."""
    return f"{millis / 1000:g}"
