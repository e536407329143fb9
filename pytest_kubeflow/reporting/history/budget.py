"""Whether tests kept within --kf-slower-than times their usual longest."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_kubeflow.reporting.records.trend import Trend

_NAMED = 3


def exceeded(trend: Trend, factor: float | None) -> Sequence[str]:
    """A sentence for the tests that took longer, or nothing: what makes a session red."""
    if factor is None:
        return ()
    found = [pace for pace in trend.slow if pace.high and pace.ratio > factor]
    if not found:
        return ()
    told = [
        f"{pace.nodeid} took {pace.seconds:.1f} s, slower than usual: {pace.ratio:.1f}x "
        f"(usually {pace.low:.1f} to {pace.high:.1f} s)"
        for pace in found[:_NAMED]
    ]
    if more := len(found) - _NAMED:
        told += [f"{more} more"] if more > 0 else []
    return (f"--kf-slower-than={factor:g}: {'; '.join(told)}",)
