"""Lists of nodes as clients ask for them: order, pages, and the part of filter queries we know."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from pytest_kubeflow.local.metadata.store import Kind, MetadataStore, Node
from pytest_kubeflow.local.metadata.wire import ENUMS

_DEFAULT_SIZE = 20
_PROPERTY = re.compile(
    r"(?P<set>custom_properties|properties)\.(?:`(?P<quoted>[^`]+)`|(?P<name>\w+))"
    r"\.(?:int|double|string|bool)_value\s*=\s*(?P<value>.+)"
)
_ATTRIBUTE = re.compile(r"(?P<name>id|name|type|uri|type_id|external_id)\s*=\s*(?P<value>.+)")
_ORDER: dict[str, Callable[[Node], int]] = {
    "CREATE_TIME": lambda node: node.created,
    "LAST_UPDATE_TIME": lambda node: node.updated,
}


def _by_id(node: Node) -> int:
    return node.id


class UnsupportedQueryError(Exception):
    """A filter query of which this server does not understand a part."""


def page(
    store: MetadataStore, kind: Kind, nodes: Sequence[Node], options: Any | None
) -> tuple[list[Node], str]:
    """One page of `nodes` and the token of the next; without `options`, everything.

    Raises ValueError for a token that is not ours, UnsupportedQueryError for a filter query.
    """
    if options is None:
        return list(nodes), ""
    if options.filter_query:
        nodes = [one for one in nodes if _matches(store, kind, one, options.filter_query)]
    order = options.order_by_field
    field = ENUMS["OrderField"][order.field] if order.HasField("field") else "ID"
    ascending = order.is_asc if order.HasField("is_asc") else True
    by = _ORDER.get(field, _by_id)
    ordered = sorted(nodes, key=lambda node: (by(node), node.id), reverse=not ascending)
    if options.next_page_token:
        last = _decode(options.next_page_token)
        ordered = [
            node
            for node in ordered
            if ((by(node), node.id) > last if ascending else (by(node), node.id) < last)
        ]
    size = options.max_result_size if options.HasField("max_result_size") else _DEFAULT_SIZE
    if size < 0:
        raise ValueError(f"max_result_size must not be negative, found {size}")
    chosen = ordered[:size]
    more = len(ordered) > len(chosen)
    token = _encode((by(chosen[-1]), chosen[-1].id)) if chosen and more else ""
    return chosen, token


def _encode(position: tuple[int, int]) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()


def _decode(token: str) -> tuple[int, int]:
    try:
        value, node_id = json.loads(base64.urlsafe_b64decode(token))
        return int(value), int(node_id)
    except (ValueError, TypeError):
        raise ValueError("invalid next_page_token") from None


def _matches(store: MetadataStore, kind: Kind, node: Node, query: str) -> bool:
    """Equalities joined by AND: what KFP itself asks for (backend/src/v2/metadata/client.go)."""
    for part in re.split(r"\s+AND\s+", query.strip()):
        if match := _PROPERTY.fullmatch(part):
            values = getattr(node, match["set"])
            actual = values.get(match["quoted"] or match["name"])
        elif match := _ATTRIBUTE.fullmatch(part):
            name = match["name"]
            actual = store.type_of(kind, node).name if name == "type" else getattr(node, name)
        else:
            raise UnsupportedQueryError(f"filter_query is not understood here: {part}")
        if actual != _literal(match["value"].strip()):
            return False
    return True


def _literal(text: str) -> str | float | bool:
    if text[:1] in {"'", '"'} and text[-1:] == text[:1] and len(text) > 1:
        return text[1:-1]
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    try:
        return float(text)
    except ValueError:
        raise UnsupportedQueryError(
            f"filter_query compares with {text}, which is no literal"
        ) from None
