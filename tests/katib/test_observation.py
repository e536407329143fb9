"""Observations: from a Trial's status, and from a log, as Katib's collector reads it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pytest_kubeflow.katib.observation import Observation, metrics_in_log, number
from pytest_kubeflow.katib.trial import Trial, best_of

from .objects import SPACE, condition, trial

NAMES = some.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,20}", fullmatch=True)


@given(NAMES, some.lists(some.floats(allow_nan=False, allow_infinity=False), max_size=20))
def test_numbers_are_found_in_a_log(name: str, values: list[float]) -> None:
    lines = [
        f"I1130 02:01:02.3 1 main.go:139] step {at}: {name}={one!r}"
        for at, one in enumerate(values)
    ]
    log = "\n".join(["downloading", *lines, "done"])
    assert metrics_in_log(log, [name]) == {name: values}


@given(some.text())
def test_any_text_is_a_log(text: str) -> None:
    found = metrics_in_log(text, ["accuracy"])
    assert all(isinstance(value, float) for value in found["accuracy"])


def test_what_is_no_value_of_a_metric() -> None:
    """The collector reads letters and digits of ASCII alone, line by line."""
    log = "\u043fre=1 tre=2 re=\u0663 re\n=4 32mre=5 \x1b[1mre=6\x1b[0m re = 7\r\nre=8"
    assert metrics_in_log(log, ["re"]) == {"re": [1.0, 7.0, 8.0]}


def test_a_line_without_an_end_is_read_in_time() -> None:
    began = time.monotonic()
    log = "a" * 1_000_000 + " " * 1_000_000 + "re=1"
    assert metrics_in_log(log, ["re"]) == {"re": [1.0]}
    assert time.monotonic() - began < 20  # years, where each letter is tried anew


def test_what_a_log_says_of_others() -> None:
    log = "accuracy = 0.5, Train-accuracy=0.75 loss=+1e-3\naccuracy=nan accuracy= accuracy=.25"
    found = metrics_in_log(log, ["accuracy", "Train-accuracy", "loss", "f1"])
    assert found == {
        "accuracy": [0.5, 0.25],
        "Train-accuracy": [0.75],
        "loss": [0.001],
        "f1": [],
    }


def test_warnings_of_the_collector_are_none_of_the_trial() -> None:
    log = (
        "I1130 02:36:52.606405      22 main.go:400] Trial Name: tuned-a\n"
        "I1130 02:36:52.606689      22 main.go:143] accuracy=0.948508\n"
        "W1130 02:36:54.675238      22 file-metricscollector.go:92] Metrics will not have "
        "timestamp since accuracy=0.948508 doesn't begin with timestamp string\n"
        "I1130 02:37:00.628370      22 main.go:459] Metrics reported. :\n"
        'metric_logs:{time_stamp:"0001-01-01T00:00:00Z" metric:{name:"accuracy" value:"0.948508"}}'
    )
    assert metrics_in_log(log, ["accuracy"]) == {"accuracy": [0.948508]}


@pytest.mark.parametrize(
    ("text", "value"),
    [("0.5", 0.5), ("1e3", 1000.0), ("unavailable", None), ("", None), ("nan", None)],
)
def test_values(text: str, value: float | None) -> None:
    assert number(text) == value


def test_the_strategy_says_which_counts() -> None:
    several = {"name": "loss", "min": "0.1", "max": "0.9", "latest": "0.5"}
    values = [Observation.of(several, {"loss": one}).value for one in ("min", "max", "latest")]
    assert values == [0.1, 0.9, 0.5]
    silent = dict.fromkeys(("min", "max", "latest"), "unavailable")
    assert Observation.of({"name": "loss", **silent}, {"loss": "min"}).value is None


def test_the_best_trial() -> None:
    made = [
        Trial(trial("a", condition("Succeeded"), accuracy="0.5"), SPACE),
        Trial(trial("b", condition("Succeeded"), accuracy="0.75"), SPACE),
        Trial(trial("c", condition("Succeeded"), accuracy="0.75"), SPACE),
        Trial(trial("d", condition("MetricsUnavailable"), accuracy="unavailable"), SPACE),
        Trial(trial("e", condition("Running")), SPACE),
    ]
    best, worst = (best_of(made, "accuracy", maximize=one) for one in (True, False))
    assert (best and best.name, worst and worst.name) == ("b", "a")
    assert best_of(made[3:], "accuracy", maximize=True) is None


def test_a_trial_that_is_outside_of_the_space() -> None:
    inside = {"lr": "0.02", "num-layers": "3", "optimizer": "adam"}
    assert Trial(trial("a", **inside), SPACE).outside == ""
    assert Trial(trial("a", **inside), SPACE).values == {
        "lr": 0.02,
        "num-layers": 3,
        "optimizer": "adam",
    }
    for wrong, words in (
        ({"lr": "0.04"}, "lr=0.04 is not in {'min': '0.01', 'max': '0.03'}"),
        ({"num-layers": "3.0"}, "num-layers=3.0 is no int"),
        ({"optimizer": "lion"}, "optimizer=lion is not in {'list'"),
        ({"momentum": "1"}, "momentum=1 is of no parameter"),
    ):
        assert words in Trial(trial("a", **{**inside, **wrong}), SPACE).outside
    found = Trial(trial("a", lr="0.02"), SPACE).outside
    assert found == "trial a: num-layers has no value, optimizer has no value"


@pytest.mark.parametrize(
    ("conditions", "state"),
    [
        ((), "Pending"),
        ((condition("Created"),), "Pending"),
        ((condition("Created"), condition("Running")), "Running"),
        ((condition("Running", holds=False), condition("Succeeded")), "Succeeded"),
        ((condition("Running", holds=False), condition("Failed")), "Failed"),
        (
            (condition("Running", holds=False), condition("MetricsUnavailable")),
            "MetricsUnavailable",
        ),
        ((condition("Running", holds=False), condition("EarlyStopped")), "EarlyStopped"),
    ],
)
def test_states(conditions: tuple[object, ...], state: str) -> None:
    found = Trial(trial("a", *conditions), SPACE)
    assert found.state == state
    assert found.has_ended == (state not in {"Pending", "Running"})
