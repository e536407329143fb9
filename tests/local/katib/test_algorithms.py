"""What the services of algorithms suggest, of whatever space they are asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.katib.algorithms.medianstop import EarlyStoppingService
from pytest_kubeflow.local.katib.algorithms.service import SuggestionService
from pytest_kubeflow.local.katib.algorithms.space import Parameter, Points
from pytest_kubeflow.local.katib.conversion import experiment_message
from pytest_kubeflow.local.katib.messages import new
from pytest_kubeflow.local.katib.rpc import CallError, Channels, Method

NUMBERS = st.sampled_from(
    [
        *("", "0", "1", "-1", "5", "1e3", "0.1", "1e-300", "1e308", "-1e308", "nan", "inf", "-inf"),
        *("1_0", "0x10", "ten", " 1", "1e999", "9" * 400, "٣", "1.5", "-0.0", "\x00"),
    ]
)
KINDS = ["int", "double", "discrete", "categorical", "unknown"]
SPACES = st.fixed_dictionaries(
    {
        "parameterType": st.sampled_from(KINDS),
        "feasibleSpace": st.fixed_dictionaries(
            {
                "min": NUMBERS,
                "max": NUMBERS,
                "step": NUMBERS,
                "list": st.lists(st.text(max_size=3) | NUMBERS, max_size=3),
                "distribution": st.sampled_from(
                    ["", "uniform", "logUniform", "normal", "logNormal", "unknown"]
                ),
            }
        ),
    }
)
SETTINGS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(
                ["random_state", "gamma", "n_EI_candidates", "n_startup_trials", "prior_weight"]
            ),
            "value": NUMBERS,
        }
    ),
    max_size=2,
)


def message(algorithm: str, spaces: list[dict[str, Any]], options: Any = (), **spec: Any) -> Any:
    parameters = [{"name": f"p{at}", **one} for at, one in enumerate(spaces)]
    return experiment_message(
        {
            "metadata": {"name": "tuned"},
            "spec": {
                "algorithm": {"algorithmName": algorithm, "algorithmSettings": list(options)},
                "objective": {"type": "maximize", "objectiveMetricName": "accuracy"},
                "parameters": parameters,
                **spec,
            },
        }
    )


def answer(method: Method, request: Any) -> Any:
    async def run() -> Any:
        return await method(request)

    return asyncio.run(run())


def asked(method: str, request: Any) -> Any:
    return answer(SuggestionService(Faults()).table[method], request)


def suggested(experiment: Any, *, count: int, total: int | None = None) -> list[list[str]]:
    reply = asked(
        "GetSuggestions",
        new(
            "GetSuggestionsRequest",
            experiment=experiment,
            current_request_number=count,
            total_request_number=total or count,
        ),
    )
    return [[one.value for one in row.assignments] for row in reply.parameter_assignments]


def outcome(ask: Callable[[], Any]) -> tuple[str, Any]:
    """The code of the error that a call ends with, or its reply."""
    try:
        return "", ask()
    except CallError as error:
        return error.code, None


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
@settings(deadline=None)
@given(
    st.sampled_from(["random", "grid", "tpe", "multivariate-tpe", "cmaes", ""]),
    st.lists(SPACES, max_size=3),
    SETTINGS,
)
def test_any_space_gives_values_or_a_refusal(
    algorithm: str, spaces: list[dict[str, Any]], options: list[dict[str, str]]
) -> None:
    experiment = message(algorithm, spaces, options, maxTrialCount=3)
    request = new("ValidateAlgorithmSettingsRequest", experiment=experiment)
    code, _ = outcome(lambda: asked("ValidateAlgorithmSettings", request))
    assert code in {"", "INVALID_ARGUMENT"}
    code, found = outcome(lambda: suggested(experiment, count=2))
    assert code in {"", "UNKNOWN"}
    assert code or [len(row) for row in found] == [len(spaces)] * 2


@settings(deadline=None)
@given(SETTINGS, st.text(max_size=12))
def test_any_settings_of_early_stopping_are_taken_or_refused(
    options: list[dict[str, str]], name: str
) -> None:
    async def no_status(_: str) -> None:
        raise AssertionError

    experiment = message(
        "random", [], earlyStopping={"algorithmName": name, "algorithmSettings": options}
    )
    service = EarlyStoppingService(Channels(lambda _: None), no_status)
    request = new(
        "ValidateEarlyStoppingSettingsRequest", early_stopping=experiment.spec.early_stopping
    )
    with pytest.raises(CallError, match="unknown algorithm name"):
        answer(service.table["ValidateEarlyStoppingSettings"], request)


def double(low: str, high: str, step: str) -> dict[str, Any]:
    return {"parameterType": "double", "feasibleSpace": {"min": low, "max": high, "step": step}}


def test_a_grid_of_more_points_than_memory_holds() -> None:
    """A real service writes all of them down, and its pod is killed for it."""
    experiment = message("grid", [double("0", "1", "1e-9")] * 3, maxTrialCount=10)
    request = new("ValidateAlgorithmSettingsRequest", experiment=experiment)
    asked("ValidateAlgorithmSettings", request)
    first, all_of_them = suggested(experiment, count=4), suggested(experiment, count=6, total=6)
    assert all_of_them[:4] == first
    later = suggested(experiment, count=2, total=6)
    assert all_of_them[4:] == later
    assert len({tuple(row) for row in all_of_them}) == 6


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(0, 5), st.integers(1, 4)), max_size=3))
def test_the_points_of_a_grid_are_those_of_its_lines(lines: list[tuple[int, int, int]]) -> None:
    parameters = [
        Parameter("p", "INT", str(low), str(low + size), str(step), (), "UNIFORM")
        for low, size, step in lines
    ]
    points = Points.of(parameters)
    found = {tuple(points.at(number)) for number in range(points.size)}
    assert len(found) == points.size
    values = [set(range(low, low + size + 1, step)) for low, size, step in lines]
    for point in found:
        assert all(int(one) in line for one, line in zip(point, values, strict=True))


def test_zero_is_no_step() -> None:
    experiment = message("random", [double("0", "1", "0")])
    with pytest.raises(CallError, match="Exception calling application: float division by zero"):
        suggested(experiment, count=1)
    ((value,),) = suggested(message("random", [double("0", "1", "0.5")]), count=1)
    assert value in {"0.0", "0.5", "1.0"}
