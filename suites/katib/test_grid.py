"""A grid visits each of its points once."""

from collections import Counter
from itertools import product

import pytest

from pytest_kubeflow import KatibExperiment

from .objective import on_grid

pytestmark = [
    pytest.mark.kf_requires("katib"),
    pytest.mark.kf_images(algorithms=["grid"], early_stopping=[], collectors=["StdOut"]),
]


def test_each_point_is_visited_once(grid: KatibExperiment) -> None:
    """A grid search tries each point once, and finds the best."""
    trials = grid.wait().trials
    visited = Counter((round(one.values["lr"], 9), int(one.values["num-layers"])) for one in trials)
    wanted = set(product((0.01, 0.02, 0.03), (2, 3)))
    missed, beside = wanted - set(visited), set(visited) - wanted
    assert not missed, f"the grid misses {sorted(missed)}"
    assert not beside, f"no points of the grid: {sorted(beside)}"
    twice = [point for point, times in visited.items() if times > 1]
    assert not twice, f"the grid visits {sorted(twice)} more than once"
    for trial in trials:
        value = on_grid(trial.values["lr"], trial.values["num-layers"])["accuracy"]
        assert trial.metrics["accuracy"] == pytest.approx(value, abs=1e-9), trial.describe()
    best = grid.optimal
    assert best is not None
    assert best.metrics["accuracy"] == pytest.approx(0.78, abs=1e-9), f"best is {best}"
