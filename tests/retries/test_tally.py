"""What the report says of lost responses."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.retries.tally import Tally

COUNTS = st.dictionaries(
    st.sampled_from(["gateway", "Kubernetes", "S3"]),
    st.dictionaries(st.sampled_from(["503", "cut off", "time-out"]), st.integers(1, 9), min_size=1),
)


def test_the_sentence() -> None:
    tally = Tally()
    assert tally.sentence() == ""
    tally.add("S3", "time-out")
    assert tally.sentence() == (
        "1 response was lost on the way and asked for again: S3 1 (time-out)"
    )
    tally.add("gateway", "503", 3)
    tally.add_all({"S3": {"time-out": 1, "cut off": 1, "502": 1, "504": 1}})
    assert tally.sentence() == (
        "8 responses were lost on the way and asked for again: "
        "S3 5 (time-out 2, cut off 1, 502 1, ...); gateway 3 (503)"
    )


@given(COUNTS, COUNTS)
def test_processes_are_added_up(ours: dict[str, dict[str, int]], theirs: object) -> None:
    """As JSON, as pytest-xdist sends it; and what was there before is not counted."""
    tally = Tally(ours)
    before = tally.plain()
    tally.add_all(json.loads(json.dumps(theirs)))
    assert {name: kinds for name, kinds in tally.since(before).plain().items() if kinds} == theirs
    total = sum(sum(kinds.values()) for kinds in tally.plain().values())
    assert not total or tally.sentence().startswith(f"{total} response")
