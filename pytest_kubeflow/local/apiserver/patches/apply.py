"""Server-side apply: each manager owns the fields that it applied.

Ownership is recorded in `metadata.managedFields` in the format of the real server (FieldsV1).
Owners by plain updates are not tracked, so conflicts are between appliers only.
"""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.apiserver.errors import Object, StatusError
from pytest_kubeflow.local.kube.strategicmerge import MERGE_KEYS, strategic_merge

Path = tuple[str, ...]
_UNOWNED = frozenset({("f:apiVersion",), ("f:kind",), ("f:metadata", "f:name")})


def server_side_apply(
    live: Object | None, config: Object, *, manager: str, force: bool, now: str
) -> Object:
    """`live` after `manager` applied `config`.

    Raises StatusError 409 where another applier owns a field with another value, unless `force`.
    """
    config = {**config, "metadata": {**config.get("metadata", {})}}
    config["metadata"].pop("managedFields", None)
    fields = _paths(config) - _UNOWNED
    managed = list((live or {}).get("metadata", {}).get("managedFields") or [])
    entries = {(one["manager"], one["operation"]): one for one in managed}
    ours = entries.pop((manager, "Apply"), None)
    if live is not None:
        _check(live, config, fields, entries, force=force)
        dropped = _from_v1(ours["fieldsV1"]) - fields if ours else set()
        for entry in entries.values():
            dropped -= _from_v1(entry["fieldsV1"])
        live = _without(live, dropped)
    merged = strategic_merge(live or {}, config)
    entry = {
        "manager": manager,
        "operation": "Apply",
        "apiVersion": config["apiVersion"],
        "time": now,
        "fieldsType": "FieldsV1",
        "fieldsV1": _to_v1(fields),
    }
    merged["metadata"] = {**merged["metadata"], "managedFields": [*entries.values(), entry]}
    return merged


def _check(
    live: Object,
    config: Object,
    fields: set[Path],
    entries: dict[tuple[str, str], Object],
    *,
    force: bool,
) -> None:
    for (manager, operation), entry in list(entries.items()):
        if operation != "Apply":
            continue
        owned = _from_v1(entry["fieldsV1"])
        clashing = {path for path in owned & fields if _value(live, path) != _value(config, path)}
        if clashing and not force:
            shown = sorted("".join(f".{part[2:]}" for part in path) for path in clashing)
            message = (
                f"Apply failed with {len(shown)} conflict{'s' if len(shown) > 1 else ''}: "
                f'conflict{"s" if len(shown) > 1 else ""} with "{manager}": {", ".join(shown)}'
            )
            raise StatusError(409, "Conflict", message)
        if clashing:
            entries[manager, operation] = {**entry, "fieldsV1": _to_v1(owned - clashing)}


def _paths(value: Any, prefix: Path = ()) -> set[Path]:
    """Leaves of a configuration: `f:name` for fields, `k:{...}` for items of keyed lists."""
    if isinstance(value, dict) and value:
        found: set[Path] = set()
        for key, inner in value.items():
            found |= _field_paths(key, inner, (*prefix, f"f:{key}"))
        return found
    return {prefix}


def _field_paths(name: str, value: Any, path: Path) -> set[Path]:
    key = _merge_key(name, value)
    if key is None:
        return _paths(value, path)
    found: set[Path] = set()
    for item in value:
        found |= _paths(item, (*path, f"k:{key}={item[key]}"))
    return found


def _merge_key(name: str, value: Any) -> str | None:
    if not isinstance(value, list) or not value:
        return None
    return next(
        (
            key
            for key in MERGE_KEYS.get(name, ())
            if all(isinstance(item, dict) and key in item for item in value)
        ),
        None,
    )


def _to_v1(paths: set[Path]) -> Object:
    tree: Object = {}
    for path in sorted(paths):
        node = tree
        for part in path:
            node = node.setdefault(part, {})
    return tree


def _from_v1(tree: Object, prefix: Path = ()) -> set[Path]:
    if not tree:
        return {prefix} if prefix else set()
    found: set[Path] = set()
    for part, inner in tree.items():
        found |= _from_v1(inner, (*prefix, part))
    return found


def _value(obj: Any, path: Path) -> Any:
    for part in path:
        obj = _child(obj, part)
    return obj


def _child(obj: Any, part: str) -> Any:
    if part.startswith("f:"):
        return obj.get(part[2:]) if isinstance(obj, dict) else None
    key, _, wanted = part[2:].partition("=")
    items = obj if isinstance(obj, list) else []
    return next((one for one in items if str(one.get(key)) == wanted), None)


def _without(obj: Any, paths: set[Path]) -> Any:
    """A copy of `obj` without the leaves `paths`, and without items that lose their key."""
    heads: dict[str, set[Path]] = {}
    for path in paths:
        heads.setdefault(path[0], set()).add(path[1:])
    if isinstance(obj, list):
        kept = []
        for item in obj:
            inner = next((rest for head, rest in heads.items() if _child([item], head)), None)
            reduced = item if inner is None else _without(item, inner - {()})
            keys = {head[2:].partition("=")[0] for head, rest in heads.items() if rest is inner}
            if inner is None or all(key in reduced for key in keys):
                kept.append(reduced)
        return kept
    if not isinstance(obj, dict):
        return obj
    copied = dict(obj)
    for head, rest in heads.items():
        name = head[2:]
        if name not in copied:
            continue
        if () in rest:
            del copied[name]
        else:
            copied[name] = _without(copied[name], rest)
    return copied
