"""Budget: how many bytes of long texts a page still has room for."""

from __future__ import annotations

from dataclasses import dataclass

_ESCAPED = {"&": 4, "<": 3, ">": 3, '"': 4, "'": 4}
"""By how many bytes a character grows in HTML."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What is shown of a text: its beginning and its end, and how much is missing in between."""

    head: str
    tail: str = ""
    left_out: int = 0

    def __bool__(self) -> bool:
        return bool(self.head or self.tail or self.left_out)

    @property
    def lines(self) -> int:
        """How many lines are shown."""
        return sum(part.count("\n") + 1 for part in (self.head, self.tail) if part)


class Budget:
    """Gives room to texts until it is spent. Who asks first gets what there is."""

    def __init__(self, total: int) -> None:
        self.left = total
        """Bytes that are not given away yet."""

        self.left_out = 0
        """Characters that were not shown for lack of room, or for the limit of one text."""

    def take(self, text: str, limit: int) -> Excerpt:
        """At most `limit` bytes of `text`. The end is worth more: that is where it failed."""
        text = text.strip("\n")
        room = min(limit, self.left)
        if size(text) <= room:
            self.left -= size(text)
            return Excerpt(text)
        head = _within(text, room // 4)
        tail = _within(text[::-1], room - room // 4)[::-1]
        self.left -= size(head) + size(tail)
        missing = len(text) - len(head) - len(tail)
        self.left_out += missing
        return Excerpt(head, tail, missing)


def size(text: str) -> int:
    """Bytes of a text in a page."""
    return len(text.encode(errors="replace")) + sum(
        text.count(character) * more for character, more in _ESCAPED.items()
    )


def _within(text: str, room: int) -> str:
    """The longest beginning of `text` that takes at most `room` bytes, about."""
    piece = text[:room]
    while piece and (much := size(piece)) > room:
        piece = piece[: min(len(piece) - 1, len(piece) * room // much)]
    return piece
