"""Tensor: an output of the Open Inference Protocol V2, and whether it agrees with itself.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_INTEGERS = frozenset(f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64))
_FLOATS = frozenset({"FP16", "FP32", "FP64", "BF16"})


@dataclass(frozen=True, slots=True)
class Tensor:
    """`data` are its elements, one for each of the first dimension of `shape`."""

    name: str
    shape: tuple[int, ...]
    datatype: str
    data: Sequence[Any]

    @classmethod
    def of(cls, output: Mapping[str, Any]) -> Tensor | None:
        """From an answer's JSON; None if it is no tensor."""
        data, shape = output.get("data"), output.get("shape")
        if not isinstance(data, list) or not isinstance(shape, list):
            return None
        if not all(isinstance(one, int) and one >= 0 for one in shape):
            return None
        name, datatype = output.get("name"), output.get("datatype")
        return cls(str(name or ""), tuple(shape), str(datatype or ""), data)

    @property
    def contradiction(self) -> str:
        """What its data should be and are not, by its shape and datatype; empty if they are."""
        flat = list(_flat(self.data))
        if math.prod(self.shape) != len(flat):
            return f"{math.prod(self.shape)} numbers, as its shape {list(self.shape)} says"
        if self.datatype in _INTEGERS:
            fits = all(isinstance(one, int) and not isinstance(one, bool) for one in flat)
        elif self.datatype in _FLOATS:
            fits = all(isinstance(one, int | float) and not isinstance(one, bool) for one in flat)
        elif self.datatype == "BOOL":
            fits = all(isinstance(one, bool) for one in flat)
        else:
            fits = self.datatype == "BYTES" and all(isinstance(one, str) for one in flat)
        return "" if fits else f"data of the datatype {self.datatype!r} that it names"


def _flat(data: Sequence[Any]) -> list[Any]:
    """Data may be nested, or flat in row-major order."""
    found = []
    for one in data:
        found += _flat(one) if isinstance(one, list) else [one]
    return found
