"""The HTML of a record has the structure that we give it, whatever texts are in it."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.reporting.html import STYLE, is_web_page, render
from pytest_kubeflow.reporting.records.runs import RunRecord, TaskEntry

TEXTS = st.text(st.sampled_from("<>&\"'`=/ \n\0éa"), min_size=1) | st.text(min_size=1)


class Page(HTMLParser):
    """Tags and the names of their attributes, some attributes' values, and text, as parsed."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, list[str]]] = []
        self.classes: list[str] = []
        self.links: list[str] = []
        self.styles: list[str] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, [name for name, _ in attrs]))
        found = dict(attrs)
        self.classes += (found.get("class") or "").split()
        if "href" in found:
            self.links.append(found["href"] or "")
        if "style" in found:
            self.styles.append(found["style"] or "")
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def record_of(text: str, **changes: Any) -> RunRecord:
    found: dict[str, Any] = {
        "run_id": text,
        "name": text,
        "namespace": text,
        "url": f"https://kubeflow.example/{text}",
        "state": text,
        "outputs": {text: text},
        "tasks": (
            TaskEntry(text, text, text, 10.0, 11.0, {text: [text]}, {text: text}),
            TaskEntry(text, text, started=11.0, ended=14.0),
        ),
        "gaps": (text,),
    }
    return RunRecord(**(found | changes))


@given(text=TEXTS)
def test_no_text_becomes_markup(text: str) -> None:
    page, harmless = Page(render(record_of(text))), Page(render(record_of("text")))
    assert page.tags == harmless.tags
    assert page.open == []
    assert page.links == [f"https://kubeflow.example/{text}"]


@given(text=st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1))
def test_every_text_is_there(text: str) -> None:
    # run: id, name, namespace, state, gap, output; tasks: names, states, error, output, artifact
    assert Page(render(record_of(text))).text.count(text) >= 7 + 4 + 1 + 1 + 2


def test_the_table_tells_states_and_durations() -> None:
    tasks = (
        TaskEntry("square", "SUCCEEDED", "", 100.0, 101.5, {"Output": 9.0}),
        TaskEntry("fit/deep", "FAILED", "exit code 1", 101.0, 104.0),
        TaskEntry("after", "NOT STARTED"),
    )
    page = Page(render(record_of("x", state="FAILED", tasks=tasks, left_out=7)))
    for found in ("square", "1.5", "Output = 9.0", "fit/deep", "exit code 1", "NOT STARTED"):
        assert found in page.text
    assert "10 tasks in 4.0 s · 1970-01-01 00:01:40 UTC" in page.text
    assert "7 tasks more" in page.text
    assert page.styles == [
        "margin-left: 0.0%; width: 37.5%",
        "margin-left: 25.0%; width: 75.0%",
    ]


def test_states_have_the_classes_that_the_style_knows() -> None:
    tasks = (TaskEntry("one", "SUCCEEDED"), TaskEntry("two", "NOT STARTED"))
    page = Page(render(record_of("x", state="FAILED", tasks=tasks)))
    assert {"kf-failed", "kf-succeeded", "kf-other"} <= {*page.classes}
    assert all(f".{name}" in STYLE for name in ("kf-failed", "kf-succeeded", "kf-running"))


def test_only_pages_of_the_web_are_linked() -> None:
    for url in ("javascript:alert(1)", "data:text/html,x", " https://kubeflow.example"):
        assert not is_web_page(url)
        assert Page(render(record_of("x", url=url))).links == []
    assert is_web_page("https://kubeflow.example")


def test_a_record_without_tasks_has_no_table() -> None:
    page = Page(render(RunRecord("id", "name", "team", "", gaps=("nothing answers",))))
    assert "table" not in {tag for tag, _ in page.tags}
    assert "UNKNOWN" in page.text
    assert "nothing answers" in page.text
