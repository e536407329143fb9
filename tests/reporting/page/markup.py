"""A page as its elements, read by the standard library's parser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "link", "input"}


@dataclass(repr=False)
class Element:
    """An element and what is in it."""

    tag: str
    attributes: dict[str, str | None]
    children: list[Element] = field(default_factory=list)
    pieces: list[str | Element] = field(default_factory=list)

    def __repr__(self) -> str:
        """Short: the whole of a page has tens of thousands."""
        return f"<{self.tag} {self.attributes}>"

    @property
    def text(self) -> str:
        """Its text, and that of all in it."""
        return "".join(self._texts())

    def _texts(self) -> Iterator[str]:
        for piece in self.pieces:
            if isinstance(piece, str):
                yield piece
            else:
                yield from piece._texts()

    def all(self, tag: str = "", **attributes: str) -> list[Element]:
        """The elements in it, by tag and attributes (`class_` is one of its classes)."""
        found = [self] if self._is(tag, attributes) else []
        for child in self.children:
            found += child.all(tag, **attributes)
        return found

    def one(self, tag: str = "", **attributes: str) -> Element:
        """The only one."""
        (found,) = self.all(tag, **attributes)
        return found

    @property
    def words(self) -> str:
        """Its text, on one line."""
        return " ".join(self.text.split())

    def _is(self, tag: str, attributes: dict[str, str]) -> bool:
        if tag and self.tag != tag:
            return False
        wanted = dict(attributes)
        named = wanted.pop("class_", None)
        if named and named not in (self.attributes.get("class") or "").split():
            return False
        return all(self.attributes.get(name) == value for name, value in wanted.items())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        self.open[-1].children.append(element)
        self.open[-1].pieces.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].pieces.append(data)


def parsed(page: str) -> Element:
    """The page's elements. Each that is opened is closed, in the right order."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == [reader.root]
    return reader.root
