"""How the pipeline that a cluster says it ran differs from the one that was submitted.

What servers store is not byte for byte what they were given: the real one reads a package into
protobuf's PipelineSpec and writes it out again, where fields that have their default are left out
and names are in camel case. Both sides are brought into that form first, by the SDK's own message.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_kubeflow.pipelines.packages.package import Package

_SHOWN = 80
_MOST = 3
# What people read, and which SDK has written it: no server is bound to keep that.
_IRRELEVANT = frozenset({"description", "sdkVersion", "schemaVersion", "displayName"})
# Below these, names are the user's, and whatever they are called they count.
_USER_NAMED = frozenset(
    {"parameters", "artifacts", "tasks", "components", "executors", "labels", "annotations"}
)
# Below these, every value says something, also "" and false.
_VALUES = frozenset({"constant", "defaultValue", "runtimeParameter"})
_ABSENT = object()


def spec_difference(submitted: Package, ran: Package) -> str:
    """The first differences, with their places; empty for the same pipeline."""
    one, other = _normal(submitted), _normal(ran)
    found = list(_differences(one, other, ()))
    if submitted.platform_spec and ran.platform_spec:
        wanted, there = submitted.platform_spec, ran.platform_spec
        found += _differences(_bare(wanted), _bare(there), ("platform",))
    more = f"; {len(found) - _MOST} more" if len(found) > _MOST else ""
    return "; ".join(found[:_MOST]) + more


def argument_difference(submitted: Mapping[str, object], ran: Mapping[str, Any]) -> str:
    """Arguments that the cluster has in another way than they were given."""
    return "; ".join(
        f"argument {name} is {_shown(ran.get(name, _ABSENT))}, not {_shown(value)}"
        for name, value in submitted.items()
        if value is not None and not _same(value, _decoded(ran.get(name, _ABSENT), value))
    )


def _decoded(shown: Any, given: object) -> Any:
    """Some servers tell what is no text as JSON in a text."""
    if not isinstance(shown, str) or isinstance(given, str):
        return shown
    try:
        return json.loads(shown)
    except ValueError:
        return shown


def _normal(package: Package) -> Any:
    from google.protobuf import json_format
    from kfp.pipeline_spec import pipeline_spec_pb2

    spec = dict(package.pipeline_spec)
    if package.is_workflow:
        return _bare(spec)
    try:
        message = json_format.ParseDict(
            spec, pipeline_spec_pb2.PipelineSpec(), ignore_unknown_fields=True
        )
    except json_format.ParseError:
        return _bare(spec)  # not what it should be, and so different from what is
    return _bare(json_format.MessageToDict(message))


def _bare(value: Any, parent: str = "") -> Any:
    """Without what is irrelevant, and without what says no more than nothing does.

    `parent` is the field whose value this is.
    """
    if parent in _VALUES:
        return value
    if isinstance(value, Mapping):
        named = parent in _USER_NAMED
        inner = {
            name: _bare(each, "" if named else str(name))
            for name, each in value.items()
            if named or name not in _IRRELEVANT
        }
        return {
            name: each
            for name, each in inner.items()
            if name in _VALUES or each not in (None, {}, [], "", False)
        }
    if isinstance(value, list):
        return [_bare(each) for each in value]
    return value


def _differences(one: Any, other: Any, path: tuple[str, ...]) -> Iterator[str]:
    """`one` is what was submitted."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        # The tasks of the pipeline itself first: the rest follows from them.
        for name in sorted({**one, **other}, key=lambda name: name != "root"):
            where = (*path, str(name))
            yield from _differences(one.get(name, _ABSENT), other.get(name, _ABSENT), where)
    elif not _same(one, other):
        place = ".".join(path) or "the pipeline"
        if other is _ABSENT:
            yield f"{place}{_in_brackets(one)} is missing"
        elif one is _ABSENT:
            yield f"{place}{_in_brackets(other)} was not submitted"
        else:
            yield f"{place} is {_shown(other)}, not {_shown(one)}"


def _same(one: Any, other: Any) -> bool:
    if one is _ABSENT or other is _ABSENT:
        return one is other
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return float(one) == float(other)  # all numbers of protobuf's Struct are doubles
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _in_brackets(value: Any) -> str:
    return "" if isinstance(value, Mapping | list) else f" ({_shown(value)})"


def _shown(value: Any) -> str:
    if value is _ABSENT:
        return "missing"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
