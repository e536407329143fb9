from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.local.apiserver.patches.apply import server_side_apply
from pytest_kubeflow.local.apiserver.patches.merge import merge_patch
from pytest_kubeflow.local.kube.strategicmerge import strategic_merge

KEYS = st.sampled_from(["a", "b", "c"])
SCALARS = st.one_of(st.integers(0, 3), st.text("xy", max_size=2), st.booleans())
VALUES = st.recursive(
    st.one_of(SCALARS, st.lists(SCALARS, max_size=2)),
    lambda inner: st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=3)
PATCHES = st.recursive(
    st.one_of(SCALARS, st.none()),
    lambda inner: st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
).filter(lambda patch: isinstance(patch, dict))


@given(OBJECTS, PATCHES)
def test_merge_patches_are_idempotent(obj: dict[str, Any], patch: Any) -> None:
    once = merge_patch(obj, patch)
    assert merge_patch(once, patch) == once


@given(OBJECTS, PATCHES)
def test_merge_patches_leave_their_target_alone(obj: dict[str, Any], patch: Any) -> None:
    before = repr(obj)
    merge_patch(obj, patch)
    assert repr(obj) == before


@given(OBJECTS, OBJECTS)
def test_a_difference_can_be_written_as_a_merge_patch(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    removals: dict[str, Any] = dict.fromkeys(old)
    assert merge_patch(merge_patch(old, removals), new) == merge_patch({}, new)


CONTAINERS = st.lists(
    st.builds(
        lambda name, image: {"name": name, "image": image},
        st.sampled_from(["one", "two", "three"]),
        st.text("ab", min_size=1, max_size=2),
    ),
    unique_by=lambda container: container["name"],
    max_size=3,
)


@given(CONTAINERS, CONTAINERS)
def test_named_lists_merge_by_name(old: list[dict[str, str]], new: list[dict[str, str]]) -> None:
    merged = strategic_merge({"containers": old}, {"containers": new})["containers"]
    images = {one["name"]: one["image"] for one in old} | {one["name"]: one["image"] for one in new}
    assert {one["name"]: one["image"] for one in merged} == images
    assert strategic_merge({"containers": merged}, {"containers": new})["containers"] == merged


def test_directives() -> None:
    obj = {
        "containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "2"}],
        "finalizers": ["x", "y"],
        "args": ["--old"],
        "strategy": {"type": "Rolling", "rolling": {"max": 1}},
    }
    patch = {
        "containers": [{"name": "a", "$patch": "delete"}],
        "$deleteFromPrimitiveList/finalizers": ["x"],
        "args": ["--new"],
        "strategy": {"$retainKeys": ["type"], "type": "Recreate"},
    }
    assert strategic_merge(obj, patch) == {
        "containers": [{"name": "b", "image": "2"}],
        "finalizers": ["y"],
        "args": ["--new"],
        "strategy": {"type": "Recreate"},
    }


@given(st.dictionaries(KEYS, st.text("xy", min_size=1), max_size=3))
def test_an_applier_takes_back_what_it_no_longer_says(data: dict[str, str]) -> None:
    def config(values: dict[str, str]) -> dict[str, Any]:
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "c"},
            "data": values,
        }

    first = server_side_apply(
        None, config({"a": "1", "b": "2", "c": "3"}), manager="m", force=False, now=""
    )
    second = server_side_apply(first, config(data), manager="m", force=False, now="")
    assert second["data"] == data
