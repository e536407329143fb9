"""List calls: filter, order, pages.

A page token holds the sort value and the id of the NEXT record, as the real server's does
(backend/src/apiserver/list/list.go): records may come and go between two pages, and none that
stays is left out or shown twice.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from starlette.requests import Request

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.pipelines.api.collation import collated
from pytest_kubeflow.local.pipelines.api.errors import RequestError, invalid
from pytest_kubeflow.local.pipelines.api.filters import TAGS, comparable, parse_filter
from pytest_kubeflow.local.pipelines.api.query import Query
from pytest_kubeflow.local.pipelines.store import (
    Experiment,
    Pipeline,
    PipelineVersion,
    RecurringRun,
    Run,
)

Record = TypeVar("Record", Experiment, Pipeline, PipelineVersion, Run, RecurringRun)

_DEFAULT_SIZE, _LARGEST_SIZE = 20, 200


@dataclass(frozen=True, slots=True)
class ListPage(Generic[Record]):
    """Some records of a list: `total` counts those that match, on all pages."""

    records: list[Record]
    total: int
    next_token: str

    def fields(self) -> dict[str, Any]:
        """`total_size` and `next_page_token` of the answer."""
        counted: dict[str, Any] = {"total_size": self.total} if self.total else {}
        return counted | ({"next_page_token": self.next_token} if self.next_token else {})


def list_page(
    request: Request,
    records: Iterable[Record],
    fields: Mapping[str, str],
    kind: str,
    *,
    faults: Faults | None = None,
    operation: str = "operation",
) -> ListPage[Record]:
    """The page that the request's `filter`, `sort_by`, `page_size` and `page_token` ask for.

    `fields` maps the names to sort and filter by to attributes of the records, `kind` is the
    record's name in messages, `operation` that of a predicate's operation.
    A token carries the order and the filter of its list; if the request gives any of them too, both
    must say the same, in whatever words (Options.Matches in list.go).
    """
    query = Query(request)
    size = _page_size(query.int32("page_size"))
    sort_by, filter_text = query.text("sort_by"), query.text("filter")
    start: tuple[Any, str] | None = None
    if token := query.text("page_token"):
        said = _decode(token)
        start = (said["value"], said["id"])
        if (sort_by or filter_text) and (
            _order(sort_by, fields, kind) != _order(said["sort_by"], fields, kind)
            or parse_filter(filter_text, fields, operation)
            != parse_filter(said["filter"], fields, operation)
        ):
            raise invalid(
                "page token does not match the supplied sort by and/or filtering criteria. Either "
                "specify the same criteria or leave the latter empty if page token is specified"
            )
        sort_by, filter_text = said["sort_by"], said["filter"]
    attribute, descending = _order(sort_by, fields, kind)
    predicates = parse_filter(filter_text, fields, operation)
    if sort_by and faults is not None and faults.active("filters-ignored"):
        predicates = []
    if faults is not None and faults.active("lists-unsorted"):
        descending = not descending

    def position(record: Record) -> tuple[Any, str]:
        value = comparable(record, attribute)
        return (collated(value) if isinstance(value, str) else value), record.id

    matching = [one for one in records if all(rule.holds(one) for rule in predicates)]
    ordered = sorted(matching, key=position, reverse=descending)
    if start is not None:
        try:
            ordered = [
                one
                for one in ordered
                if (position(one) <= start if descending else position(one) >= start)
            ]
        except TypeError:
            raise _bad_token() from None
    chosen, following = ordered[:size], ordered[size : size + 1]
    next_token = ""
    if following:
        value, record_id = position(following[0])
        next_token = _encode(
            {"sort_by": sort_by, "filter": filter_text, "value": value, "id": record_id}
        )
    return ListPage(chosen, len(matching), next_token)


def _page_size(size: int) -> int:
    if size < 0:
        raise invalid(f"The page size should be greater than 0. Got {size}")
    return min(size or _DEFAULT_SIZE, _LARGEST_SIZE)


def _order(sort_by: str, fields: Mapping[str, str], kind: str) -> tuple[str, bool]:
    """The attribute to sort by, and whether the largest comes first."""
    words = sort_by.lower().split()
    if len(words) > 2 or (len(words) == 2 and words[1] not in {"asc", "desc"}):
        raise invalid(
            f"Received invalid sort by format {json.dumps(sort_by)}. Supported format: "
            '"field_name", "field_name desc", or "field_name asc"'
        )
    name = words[0] if words else "created_at"
    if name not in fields or name == TAGS:
        raise invalid(f'Invalid sorting field: "{name}" on listable type {kind}')
    return fields[name], words[1:] == ["desc"]


def _encode(content: dict[str, Any]) -> str:
    return base64.b64encode(json.dumps(content).encode()).decode()


def _decode(token: str) -> dict[str, Any]:
    try:
        content = json.loads(base64.b64decode(token, validate=True))
    except (ValueError, RecursionError):
        raise _bad_token() from None
    if not isinstance(content, dict) or content.keys() != {"sort_by", "filter", "value", "id"}:
        raise _bad_token()
    if not all(isinstance(content[name], str) for name in ("sort_by", "filter", "id")):
        raise _bad_token()
    return content


def _bad_token() -> RequestError:
    return invalid("Invalid page token")
