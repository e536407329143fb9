"""Strategic merge patch: lists of named things merge by their names.

Merge keys and directives: k8s.io/api/core/v1/types.go (patchMergeKey tags) and
apimachinery/pkg/util/strategicpatch.
"""

from __future__ import annotations

from typing import Any

# Field name -> keys of which the items have one; fields that are not here are replaced whole.
MERGE_KEYS: dict[str, tuple[str, ...]] = {
    "addresses": ("type",),
    "conditions": ("type",),
    "containers": ("name",),
    "env": ("name",),
    "ephemeralContainers": ("name",),
    "hostAliases": ("ip",),
    "imagePullSecrets": ("name",),
    "initContainers": ("name",),
    "ownerReferences": ("uid",),
    "podIPs": ("ip",),
    "ports": ("containerPort", "port"),
    # Of JobSet, whose lists are maps by its definition: it is applied, and never patched so.
    "replicatedJobs": ("name",),
    "resourceClaims": ("name",),
    "secrets": ("name",),
    "taints": ("key",),
    "topologySpreadConstraints": ("topologyKey",),
    "volumeDevices": ("devicePath",),
    "volumeMounts": ("mountPath",),
    "volumes": ("name",),
}
_SETS = frozenset({"finalizers"})
_DELETE_FROM = "$deleteFromPrimitiveList/"
_ORDER = "$setElementOrder/"


def strategic_merge(target: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """`target` after `patch`; neither is changed."""
    directive = patch.get("$patch")
    if directive == "replace":
        return {key: value for key, value in patch.items() if key != "$patch"}
    if directive == "delete":
        return {}
    merged = dict(target)
    if (kept := patch.get("$retainKeys")) is not None:
        merged = {key: value for key, value in merged.items() if key in kept}
    for key, value in patch.items():
        if key in {"$patch", "$retainKeys"} or key.startswith(_ORDER):
            continue
        if key.startswith(_DELETE_FROM):
            name = key.removeprefix(_DELETE_FROM)
            merged[name] = [one for one in merged.get(name) or [] if one not in value]
        elif value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge_value(key, merged.get(key), value)
    for key, order in patch.items():
        if key.startswith(_ORDER):
            _reorder(merged, key.removeprefix(_ORDER), order)
    return merged


def _merge_value(name: str, old: Any, new: Any) -> Any:
    if isinstance(new, dict):
        return strategic_merge(old if isinstance(old, dict) else {}, new)
    if isinstance(new, list):
        if name in _SETS:
            kept = list(old or [])
            return kept + [one for one in new if one not in kept]
        return _merge_list(name, old or [], new)
    return new


def _merge_list(name: str, old: list[Any], new: list[Any]) -> list[Any]:
    keys = MERGE_KEYS.get(name, ())
    key = next((one for one in keys if all(_has(item, one) for item in new)), None)
    if key is None or any(_is_directive(item, "replace") for item in new):
        return [item for item in new if not _is_directive(item, "replace")]
    merged = list(old)
    for item in new:
        index = next(
            (
                at
                for at, one in enumerate(merged)
                if isinstance(one, dict) and one.get(key) == item[key]
            ),
            None,
        )
        if _is_directive(item, "delete"):
            if index is not None:
                del merged[index]
        elif index is None:
            merged.append(strategic_merge({}, item))
        else:
            merged[index] = strategic_merge(merged[index], item)
    return merged


def _has(item: Any, key: str) -> bool:
    return isinstance(item, dict) and (key in item or _is_directive(item, "replace"))


def _is_directive(item: Any, directive: str) -> bool:
    return isinstance(item, dict) and item.get("$patch") == directive


def _reorder(merged: dict[str, Any], name: str, order: list[Any]) -> None:
    items = merged.get(name)
    if not isinstance(items, list):
        return
    keys = MERGE_KEYS.get(name, ())

    def position(item: Any) -> int:
        wanted = item
        if isinstance(item, dict):
            key = next((one for one in keys if one in item), None)
            wanted = {key: item.get(key)} if key else item
        return order.index(wanted) if wanted in order else len(order)

    merged[name] = sorted(items, key=position)
