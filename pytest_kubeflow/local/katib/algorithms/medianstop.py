"""Median stopping: trials end early whose values stay behind what others had at the same step.

Rules: kubeflow/katib v0.19.0, pkg/earlystopping/v1beta1/medianstop/service.py. What is called a
median is the mean of the trials' means, as there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from pytest_kubeflow.local.katib.algorithms.settings import refusal
from pytest_kubeflow.local.katib.messages import DB_MANAGER, ENUMS, new
from pytest_kubeflow.local.katib.rpc import CallError, Channels, Method

_SUCCEEDED = ENUMS["TrialConditionType"].index("SUCCEEDED")
_MAXIMIZE = ENUMS["ObjectiveType"].index("MAXIMIZE")
_LESS, _GREATER = (ENUMS["ComparisonType"].index(word) for word in ("LESS", "GREATER"))
_MIN_TRIALS, _START_STEP = 3, 4

SetStatus = Callable[[str], Awaitable[None]]
"""Marks the trial of this name as stopped early. Raises CallError."""


class EarlyStoppingService:
    """Asks db-manager by `channels` for what trials have reported."""

    def __init__(self, channels: Channels, set_status: SetStatus) -> None:
        self._channels = channels
        self._set_status = set_status

    @property
    def table(self) -> dict[str, Method]:
        """What answers which call."""
        return {
            "GetEarlyStoppingRules": self._rules,
            "SetTrialStatus": self._stop,
            "ValidateEarlyStoppingSettings": self._validate,
        }

    async def _validate(self, request: Any) -> Any:
        spec = request.early_stopping
        found = refusal(spec.algorithm_name, spec.algorithm_settings)
        if spec.algorithm_name != "medianstop":
            found = f"unknown algorithm name {spec.algorithm_name}"
        if found is not None:
            raise CallError("INVALID_ARGUMENT", found)
        return new("ValidateEarlyStoppingSettingsReply")

    async def _rules(self, request: Any) -> Any:
        spec = request.experiment.spec
        settings = {one.name: one.value for one in spec.early_stopping.algorithm_settings}
        try:
            fewest = int(settings.get("min_trials_required", _MIN_TRIALS))
            step = int(settings.get("start_step", _START_STEP))
            averages = await self._averages(
                request.trials,
                request.db_manager_address,
                spec.objective.objective_metric_name,
                step,
            )
        except (ValueError, ZeroDivisionError) as error:
            raise CallError("UNKNOWN", f"Exception calling application: {error}") from None
        rules = []
        if len(averages) >= fewest:
            rule = new(
                "EarlyStoppingRule",
                name=spec.objective.objective_metric_name,
                value=str(sum(averages) / len(averages)),
                comparison=_LESS if spec.objective.type == _MAXIMIZE else _GREATER,
                start_step=step,
            )
            rules.append(rule)
        return new("GetEarlyStoppingRulesReply", early_stopping_rules=rules)

    async def _averages(
        self, trials: Iterable[Any], address: str, metric: str, step: int
    ) -> list[float]:
        """The mean of the first values of each trial that has succeeded."""
        found = []
        for trial in trials:
            if trial.status.condition != _SUCCEEDED:
                continue
            request = new("GetObservationLogRequest", trial_name=trial.name, metric_name=metric)
            reply = await self._channels.call(address, DB_MANAGER, "GetObservationLog", request)
            values = [float(one.metric.value) for one in reply.observation_log.metric_logs[:step]]
            found.append(sum(values) / len(values))
        return found

    async def _stop(self, request: Any) -> Any:
        await self._set_status(request.trial_name)
        return new("SetTrialStatusReply")
