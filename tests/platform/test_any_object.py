"""No check raises, whatever an object's fields are: of a wrong type, half there, of an unknown
version. Fields of the objects that show faults are replaced at random, so that the checks are in
the middle of something when they meet them.
"""

from __future__ import annotations

import copy
import random
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_kubeflow.platform.health import health_of
from pytest_kubeflow.platform.snapshot import Snapshot
from pytest_kubeflow.platform.snapshot.reading import KINDS
from tests.platform.broken import BROKEN
from tests.platform.places import places_in

_JUNK: tuple[Any, ...] = (
    None,
    True,
    -1,
    2**70,
    0.5,
    float("nan"),
    "",
    "x",
    "not\na\tname",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999-14:00",
    "2026-11-29",
    [],
    [None, 1, "x", [], {}],
    {},
    {"x": None, "name": 1, "type": []},
    "(" * 40,
)
_GONE = object()


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(BROKEN)), st.randoms(use_true_random=False))
def test_no_check_raises_for_a_field_of_another_type(code: str, dice: random.Random) -> None:
    whole = BROKEN[code].snapshot()
    objects: dict[Any, Any] = {kind: copy.deepcopy(found) for kind, found in whole.objects.items()}
    shown = [
        (kind, one) for one in BROKEN[code].objects for kind in KINDS if kind.name == one["kind"]
    ]
    for kind, one in shown:
        for found in objects[kind]:
            if found.get("metadata") == one["metadata"] or dice.random() < 0.1:
                _spoil(found, dice)
    _check(replace(whole, objects=objects))


def test_no_check_raises_for_objects_without_anything() -> None:
    """Of each kind: nothing, metadata alone, junk in the place of each part."""
    bodies: list[Any] = [{}, {"metadata": {}}]
    for part in ("metadata", "spec", "status", "data", "rules", "endpoints", "involvedObject"):
        bodies += [{"metadata": {"name": "x"}, part: junk} for junk in _JUNK]
    objects = dict.fromkeys(KINDS, bodies)
    _check(Snapshot(objects=objects, served=frozenset(kind.resource for kind in KINDS)))


def _check(snapshot: Snapshot) -> None:
    for finding in health_of(snapshot).findings:
        assert "\n" not in finding.sentence
        assert finding.sentence == finding.sentence.strip()


def _spoil(obj: Any, dice: random.Random) -> None:
    """Replace, or remove, something in an object."""
    places = list(places_in(obj))
    if places:
        holder, key = dice.choice(places)
        junk = dice.choice((*_JUNK, _GONE, _GONE, _GONE))
        if junk is _GONE:
            del holder[key]
        else:
            holder[key] = copy.deepcopy(junk)
