"""The Suggestion service of all algorithms.

Rules: kubeflow/katib v0.19.0, pkg/suggestion/v1beta1/{hyperopt,optuna}/service.py.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.katib.algorithms import tpe
from pytest_kubeflow.local.katib.algorithms.randomsearch import sample
from pytest_kubeflow.local.katib.algorithms.settings import experiment_refusal
from pytest_kubeflow.local.katib.algorithms.space import (
    Parameter,
    Points,
    SpaceError,
    parameters_of,
)
from pytest_kubeflow.local.katib.messages import ENUMS, new
from pytest_kubeflow.local.katib.rpc import CallError, Method

_ENDED = {ENUMS["TrialConditionType"].index(word) for word in ("SUCCEEDED", "EARLYSTOPPED")}
_SHUFFLED = 100_000  # points of a grid whose order is written down
_MAXIMIZE = ENUMS["ObjectiveType"].index("MAXIMIZE")


class SuggestionService:
    """Suggests what is outside of the space while the fault says so."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    @property
    def table(self) -> dict[str, Method]:
        """What answers which call."""
        return {
            "GetSuggestions": self._suggest,
            "ValidateAlgorithmSettings": self._validate,
        }

    async def _validate(self, request: Any) -> Any:
        found = experiment_refusal(request.experiment)
        if found is not None:
            raise CallError("INVALID_ARGUMENT", found)
        return new("ValidateAlgorithmSettingsReply")

    async def _suggest(self, request: Any) -> Any:
        parameters = parameters_of(request.experiment)
        try:
            found = await self._values(request, parameters)
        except (SpaceError, ValueError, ArithmeticError) as error:
            # As grpc tells of what a method of a Python server raises.
            raise CallError("UNKNOWN", f"Exception calling application: {error}") from None
        if self._faults.active("katib-space-ignored"):
            found = [[_outside(*one) for one in zip(parameters, row, strict=True)] for row in found]
        rows = [
            new(
                "SuggestedAssignments",
                assignments=[
                    new("ParameterAssignment", name=parameter.name, value=value)
                    for parameter, value in zip(parameters, row, strict=True)
                ],
            )
            for row in found
        ]
        return new("GetSuggestionsReply", parameter_assignments=rows)

    async def _values(self, request: Any, parameters: Sequence[Parameter]) -> list[list[str]]:
        algorithm = request.experiment.spec.algorithm
        settings = {one.name: one.value for one in algorithm.algorithm_settings}
        count, seed = request.current_request_number, settings.get("random_state")
        given = max(0, request.total_request_number - count)
        if algorithm.algorithm_name == "random":
            return [_row(parameters, seed, given + number) for number in range(count)]
        if algorithm.algorithm_name == "grid":
            every = Points.of(parameters)
            # In an order of chance, which is the same for each request of an experiment.
            source = random.Random(f"{request.experiment.name}/{seed}")  # noqa: S311
            return [every.at(one) for one in _visited(every.size, source, given, count)]
        if algorithm.algorithm_name in {"tpe", "multivariate-tpe"}:
            trials = [one for one in request.trials if one.status.condition in _ENDED]
            return await asyncio.to_thread(
                tpe.suggest,
                parameters,
                trials,
                count=count,
                given=given,
                maximize=request.experiment.spec.objective.type == _MAXIMIZE,
                settings=settings,
                multivariate=algorithm.algorithm_name == "multivariate-tpe",
            )
        raise CallError("UNKNOWN", f"unknown algorithm name {algorithm.algorithm_name}")


def _visited(size: int, source: random.Random, given: int, count: int) -> list[int]:
    """Which numbers below `size` come after the first `given`, each once before any comes again.

    Raises SpaceError where there is none.
    """
    if size == 0:
        raise SpaceError("Cannot choose from an empty sequence")
    if size <= _SHUFFLED:
        order = list(range(size))
        source.shuffle(order)
        return [order[(given + number) % size] for number in range(count)]
    # So few of so many: one that was drawn before is drawn anew.
    drawn: dict[int, None] = {}
    while len(drawn) < min(given + count, size):
        drawn[source.randrange(size)] = None
    return list(drawn)[given:]


def _row(parameters: Sequence[Parameter], seed: str | None, number: int) -> list[str]:
    """A point by chance; with a seed, the same for the same number."""
    source = random.SystemRandom() if seed is None else random.Random(f"{seed}/{number}")  # noqa: S311
    return [sample(one, source) for one in parameters]


def _outside(parameter: Parameter, value: str) -> str:
    """A value that is none of the space, where it has numbers."""
    if parameter.is_listed:
        return value
    beyond = float(parameter.high) + max(1.0, float(parameter.high) - float(parameter.low))
    return parameter.text(beyond)
