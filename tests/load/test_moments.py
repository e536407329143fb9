"""What runs waited for, from times that are whole seconds; and what of them cannot be."""

from __future__ import annotations

from datetime import datetime

import pytest

from pytest_kubeflow.load.moments import PodMoments, RunMoments
from tests.load.samples import pod, stamp


def at(time: str) -> float:
    return datetime.fromisoformat(stamp(time)).timestamp()


def run(*pods: object, created: str | None = "10:00:00", ended: str | None = None) -> RunMoments:
    return RunMoments(
        at(created) if created else None,
        at(ended) if ended else None,
        tuple(PodMoments.of(one) for one in pods),  # type: ignore[arg-type]
    )


def test_each_step_is_told() -> None:
    found = run(
        pod("10:00:05", "10:00:09", "10:00:20"),
        pod("10:00:02", "10:00:03", "10:00:04"),
        pod("10:00:30", "10:00:31"),
        pod("10:00:40"),
        ended="10:01:00",
    )
    assert found.to_first_pod == 2
    assert found.scheduling == [4, 1, 1]
    assert found.starting == [11, 1]
    assert found.whole == 60
    assert found.disorder == ""


def test_a_cut_second_is_no_time_below_zero() -> None:
    found = run(pod("09:59:59", "09:59:59", "09:59:58"))
    assert (found.to_first_pod, found.scheduling, found.starting) == (0, [0], [0])
    assert found.disorder == ""


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (run(created=None), "the pipelines API does not say when it was created"),
        (run(), "none of its pods was seen"),
        (run(pod("10:00:01", "10:00:02")), "no container of its pods was started"),
        (run(pod("09:59:00")), "a pod's creation came 60 s before its creation"),
        (
            run(pod("10:00:10", "10:00:20", "10:00:05")),
            "that pod's start came 15 s before that pod's node",
        ),
    ],
)
def test_what_cannot_be_is_told(found: RunMoments, message: str) -> None:
    assert found.disorder == message
