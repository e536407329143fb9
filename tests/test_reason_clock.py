"""A reason counts from the look that first saw it, as long as each one sees it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.reason_clock import ReasonClock


@given(st.lists(st.tuples(st.integers(0, 5), st.frozensets(st.sampled_from("abc")))))
def test_a_reason_counts_while_each_look_sees_it(looks: list[tuple[int, frozenset[str]]]) -> None:
    now = 0.0
    clock = ReasonClock(lambda: now)
    begun: dict[str, float] = {}
    for seconds, reasons in looks:
        now += seconds
        begun = {one: begun.get(one, now) for one in reasons}
        with clock.look():
            lasting = {one for one in reasons if clock.lasts(one, 3.0)}
        assert lasting == {one for one in reasons if now - begun[one] >= 3.0}
