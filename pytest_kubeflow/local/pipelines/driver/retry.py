"""Retries of a task: how many, and how long to wait before each.

Source: argocompiler/container.go in kubeflow/pipelines (getTaskRetryStrategyFromInput) and Argo's
RetryStrategy, for which `maxDuration` limits all attempts together, counted from the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Json = Any


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`limit` retries after the first attempt. Durations are seconds; 0 stands for none.

    `only_errors`: not where the component has failed, but where Argo has.
    """

    limit: int = 0
    duration: float = 0.0
    factor: float = 0.0
    longest: float = 0.0
    only_errors: bool = False

    @staticmethod
    def of(task: Json) -> RetryPolicy | None:
        """The policy of a task of the compiled pipeline; None if it is not retried."""
        policy = task.get("retryPolicy")
        if policy is None:
            return None
        return RetryPolicy(
            int(policy.get("maxRetryCount") or 0),
            _seconds(policy.get("backoffDuration")),
            float(policy.get("backoffFactor") or 0),
            _seconds(policy.get("backoffMaxDuration")),
        )

    def pauses(self) -> Iterator[float]:
        """Seconds to wait before the first retry, the second, and so on."""
        for number in range(self.limit):
            yield self.duration * (self.factor**number if self.factor else 1)


BY_DEFAULT = RetryPolicy(2, only_errors=True)
"""That of KFP's workflow-controller-configmap, for tasks without one."""


def _seconds(text: str | None) -> float:
    """A Duration as protobuf's JSON has it: `1.5s`."""
    return float((text or "0s").removesuffix("s"))
