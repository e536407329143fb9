"""Handwritten digits, and what a nearest neighbour says of them: computed here, to the last digit.

Pixels are whole numbers, so distances are exact, and no release of scikit-learn gives others.
"""

import io
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

HELD_OUT = 240
_EVERY = 6


@dataclass(frozen=True)
class Rows:
    """Images of 64 pixels, and which digit each of them is."""

    pixels: Sequence[Sequence[float]]
    labels: Sequence[int]

    def csv(self) -> str:
        """One line a row, the label last."""
        lines = io.StringIO()
        for pixels, label in zip(self.pixels, self.labels, strict=True):
            lines.write(",".join(f"{one:g}" for one in (*pixels, label)) + "\n")
        return lines.getvalue()


@dataclass(frozen=True)
class Digits:
    """Scikit-learn's digits: `held_out` ones, `first` half of the rest, `second` all of it.

    `poisoned` is `second` with its labels shuffled.
    """

    held_out: Rows
    first: Rows
    second: Rows
    poisoned: Rows

    @classmethod
    def load(cls) -> "Digits":
        """All of them, the same in each session."""
        from sklearn.datasets import load_digits

        found = load_digits()
        pixels = [[float(one) for one in row] for row in found.data]
        labels = [int(one) for one in found.target]
        held: list[int] = []
        rest: list[int] = []
        for at in range(len(labels)):
            (held if at % _EVERY == 0 else rest).append(at)

        def rows(places: Sequence[int]) -> Rows:
            return Rows([pixels[at] for at in places], [labels[at] for at in places])

        second = rows(rest)
        shuffled = random.Random(7).sample(second.labels, len(second.labels))  # noqa: S311
        first = rows(rest[: len(rest) // 2])
        # Where two neighbours are equally near, and are not the same digit, it is for luck to say.
        certain = [
            at
            for at, answers in zip(
                held,
                zip(*(_nearest(one, rows(held)) for one in (first, second)), strict=True),
                strict=True,
            )
            if all(len(answer) == 1 for answer in answers)
        ]
        return cls(rows(certain[:HELD_OUT]), first, second, Rows(second.pixels, shuffled))

    @cached_property
    def by_first(self) -> list[int]:
        """What a model that was trained with `first` says of the rows that are held out."""
        return [min(one) for one in _nearest(self.first, self.held_out)]

    @cached_property
    def by_second(self) -> list[int]:
        """The same for `second`."""
        return [min(one) for one in _nearest(self.second, self.held_out)]

    @property
    def marked(self) -> list[int]:
        """The places of those rows of which the two models say something else."""
        pairs = zip(self.by_first, self.by_second, strict=True)
        return [at for at, (one, other) in enumerate(pairs) if one != other]

    def accuracy(self, predictions: Sequence[int]) -> float:
        """The part of the held-out rows that these are right of."""
        pairs = zip(predictions, self.held_out.labels, strict=True)
        return sum(one == label for one, label in pairs) / len(self.held_out.labels)


def _nearest(known: Rows, asked: Rows) -> list[set[int]]:
    """The labels of the nearest rows, for each that is asked for; several where it is a tie."""
    import numpy as np

    rows: Any = np.array(known.pixels, dtype=np.int64)
    points: Any = np.array(asked.pixels, dtype=np.int64)
    distances = (points**2).sum(1)[:, None] + (rows**2).sum(1)[None, :] - 2 * points @ rows.T
    labels = np.array(known.labels)
    return [{int(one) for one in labels[each == each.min()]} for each in distances]
