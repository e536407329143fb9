"""What helper pods request is fitted to LimitRanges, but for what was asked for by name."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.k8s.pods.resources import DEFAULTS, Bounds, ContainerResources
from pytest_kubeflow.quantity import parse_quantity

MILLIS = st.integers(1, 10_000).map(lambda count: Fraction(count, 1000))


def test_without_bounds_it_is_the_default() -> None:
    fitted = ContainerResources().fitted({})
    assert fitted.manifest() == {
        "requests": {name: low for name, (low, _) in DEFAULTS.items()},
        "limits": {name: high for name, (_, high) in DEFAULTS.items()},
    }


def test_a_minimum_and_a_ratio() -> None:
    bounds = {
        "cpu": Bounds().tightened("100m", "1", "4"),
        "memory": Bounds().tightened("128Mi", "1Gi", None),
    }
    assert ContainerResources().fitted(bounds).manifest() == {
        "requests": {"cpu": "100m", "memory": str(128 * 2**20)},
        "limits": {"cpu": "400m", "memory": "256Mi"},
    }


@given(MILLIS, MILLIS, st.none() | st.integers(1, 60))
def test_what_is_fitted_is_allowed(one: Fraction, other: Fraction, ratio: int | None) -> None:
    least, most = min(one, other), max(one, other)
    bounds = Bounds(least, most, None if ratio is None else Fraction(ratio))
    fitted = ContainerResources().fitted({"cpu": bounds})
    low, high = parse_quantity(fitted.requests["cpu"]), parse_quantity(fitted.limits["cpu"])
    assert least <= low <= high <= most
    if ratio is not None:
        assert high <= low * ratio


@given(MILLIS, MILLIS, MILLIS)
def test_what_was_asked_for_stays(asked: Fraction, one: Fraction, other: Fraction) -> None:
    text = f"{asked * 1000}m"
    bounds = {"cpu": Bounds(min(one, other), max(one, other))}
    requests = ContainerResources({"cpu": text}, {"nvidia.com/gpu": "1"}).fitted(bounds)
    assert requests.requests["cpu"] == text
    assert requests.limits["nvidia.com/gpu"] == "1"
    assert parse_quantity(requests.limits["cpu"]) >= asked
    limits = ContainerResources({}, {"cpu": text}).fitted(bounds)
    assert limits.limits["cpu"] == text
    assert parse_quantity(limits.requests["cpu"]) <= asked
