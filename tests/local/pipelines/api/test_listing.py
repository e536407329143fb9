"""Pages of lists, while records come and go between them."""

from __future__ import annotations

import base64
import itertools
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from pytest_kubeflow.local.pipelines.api.errors import RequestError
from pytest_kubeflow.local.pipelines.api.listing import ListPage, list_page
from pytest_kubeflow.local.pipelines.store import Experiment

FIELDS = {
    "id": "id",
    "name": "name",
    "display_name": "name",
    "created_at": "created_at",
    "last_run_created_at": "last_run_created_at",
}


def page(records: list[Experiment], **query: Any) -> ListPage[Experiment]:
    scope = {"type": "http", "query_string": urlencode(query).encode(), "headers": []}
    return list_page(Request(scope), records, FIELDS, "Experiment")


names = st.text("abc", max_size=2)
orders = st.sampled_from(["", "name", "name desc", "created_at", "id desc", "last_run_created_at"])


@given(st.lists(names, max_size=12), st.integers(1, 5), orders)
def test_pages_together_are_the_list(called: list[str], size: int, order: str) -> None:
    records = [Experiment(name) for name in called]
    found: list[Experiment] = []
    token = ""
    for _ in range(len(records) + 1):
        one = page(records, page_size=size, sort_by=order, page_token=token)
        assert one.total == len(records)
        assert len(one.records) == size or not one.next_token
        found += one.records
        token = one.next_token
        if not token:
            break
    assert token == ""
    assert len(found) == len(records)
    assert {one.id for one in found} == {one.id for one in records}
    assert found == page(records, page_size=200, sort_by=order).records


@given(st.lists(names, min_size=1, max_size=12), st.data(), st.sampled_from(["name", "name desc"]))
def test_what_stays_is_shown_once(called: list[str], data: st.DataObject, order: str) -> None:
    """Between two pages some records go, and others come."""
    numbers = (str(number) for number in itertools.count())
    records = [Experiment(name, id=next(numbers)) for name in called]
    staying = {one.id for one in records}
    found: list[str] = []
    token = ""
    while True:
        one = page(records, page_size=2, sort_by=order, page_token=token)
        found += [record.id for record in one.records]
        token = one.next_token
        if not token:
            break
        chosen = data.draw(st.sets(st.integers(0, len(records) - 1)))
        gone = {records[index].id for index in chosen}
        staying -= gone
        records = [record for record in records if record.id not in gone]
        if data.draw(st.booleans()) and len(found) < 20:
            records.append(Experiment(data.draw(names), id=next(numbers)))
        if not records:
            break
    assert len(found) == len(set(found))
    assert staying <= set(found)


@given(st.text())
def test_any_token_that_is_not_ours_is_refused(token: str) -> None:
    if not token:
        return
    with pytest.raises(RequestError) as caught:
        page([Experiment("a")], page_token=token)
    assert caught.value.code.http_status == 400


VALID = {"sort_by": "name", "filter": "", "value": "a", "id": "x"}


def test_a_token_without_end_is_refused() -> None:
    with pytest.raises(RequestError, match="Invalid page token"):
        page([Experiment("a")], page_token=base64.b64encode(b"[" * 3000).decode())


@pytest.mark.parametrize(
    "changes",
    [
        {"value": 5},
        {"value": None},
        {"value": ["a"]},
        {"id": 5},
        {"sort_by": 5},
        {"filter": 5},
        {"filter": "rubbish"},
        {"sort_by": "colour"},
        {"more": 1},
    ],
)
def test_a_token_that_was_changed_is_refused(changes: dict[str, Any]) -> None:
    def ask(content: dict[str, Any]) -> ListPage[Experiment]:
        token = base64.b64encode(json.dumps(content).encode()).decode()
        return page([Experiment("a"), Experiment("b")], page_token=token)

    assert [one.name for one in ask(VALID).records][-1] == "b"
    with pytest.raises(RequestError) as caught:
        ask(VALID | changes)
    assert caught.value.code.http_status == 400


def test_a_time_that_is_not_yet_comes_first() -> None:
    had = Experiment("had", last_run_created_at=datetime.now(UTC))
    records = [had, Experiment("never"), Experiment("neither")]
    found = page(records, sort_by="last_run_created_at", page_size=1)
    assert found.records[0].last_run_created_at is None
    assert page(records, sort_by="last_run_created_at desc").records[0] == had


EMPTY = json.dumps({})
NAMED = json.dumps({"predicates": [{"key": "name", "operation": 9, "string_value": "a"}]})
ALSO = (
    NAMED.replace(" ", "")
    .replace('"string_value"', '"stringValue"')
    .replace('"name"', '"display_name"')
)


@pytest.mark.parametrize(
    ("first", "then", "same"),
    [
        ({"sort_by": "name desc"}, {"sort_by": "display_name  DESC"}, True),
        ({}, {"sort_by": "created_at"}, True),
        ({}, {"sort_by": "created_at asc", "filter": EMPTY}, True),
        ({"filter": NAMED}, {"filter": ALSO}, True),
        ({"filter": NAMED}, {"filter": quote(NAMED)}, True),
        ({"sort_by": "name"}, {"sort_by": "name desc"}, False),
        ({"sort_by": "name"}, {"filter": EMPTY}, False),
        ({"filter": NAMED}, {"sort_by": "created_at"}, False),
        ({"filter": NAMED}, {"filter": EMPTY, "sort_by": "created_at"}, False),
    ],
)
def test_a_token_agrees_with_the_same_list_in_other_words(
    first: dict[str, str], then: dict[str, str], same: bool
) -> None:
    records = [Experiment("a"), Experiment("aa")]
    token = page(records, page_size=1, **first).next_token
    if same:
        assert len(page(records, page_token=token, **then).records) == 1
    else:
        with pytest.raises(RequestError, match="page token does not match"):
            page(records, page_token=token, **then)


def test_sizes_have_bounds() -> None:
    records = [Experiment(f"{number:03}") for number in range(250)]
    assert len(page(records).records) == 20
    assert len(page(records, page_size=0).records) == 20
    assert len(page(records, page_size=1000).records) == 200
