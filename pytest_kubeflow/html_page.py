"""The forms and links of an HTML page, as far as a login needs them."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass(slots=True)
class Form:
    """One form: where it goes, and the values that its inputs have."""

    action: str
    inputs: dict[str, str] = field(default_factory=dict)


class HtmlPage(HTMLParser):
    """Reads a page. `forms` and `links` are in the page's order, `text` is what is shown.

    `title` is that of the page, on one line.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.title = ""
        self._open: Form | None = None
        self._in_title = False
        self._hidden = 0
        self._text: list[str] = []
        self.feed(html)
        self.close()

    @property
    def text(self) -> str:
        """The visible text, on one line."""
        return " ".join(" ".join(self._text).split())

    def form_with(self, *names: str) -> Form | None:
        """The first form that has inputs of all these names."""
        return next((form for form in self.forms if set(names) <= form.inputs.keys()), None)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """HTMLParser's."""
        values = {name: value or "" for name, value in attrs}
        if tag == "title":
            self._in_title = True
        elif tag in {"script", "style", "head"}:
            self._hidden += 1
        elif tag == "form":
            self._open = Form(values.get("action", ""))
            self.forms.append(self._open)
        elif tag in {"input", "button"} and self._open is not None and values.get("name"):
            self._open.inputs[values["name"]] = values.get("value", "")
        elif tag == "a" and values.get("href"):
            self.links.append(values["href"])

    def handle_endtag(self, tag: str) -> None:
        """HTMLParser's."""
        if tag == "title":
            self._in_title = False
        elif tag in {"script", "style", "head"}:
            self._hidden = max(0, self._hidden - 1)
        elif tag == "form":
            self._open = None

    def handle_data(self, data: str) -> None:
        """HTMLParser's."""
        if self._in_title:
            self.title = " ".join(f"{self.title} {data}".split())
        elif not self._hidden:
            self._text.append(data)
