"""ExperimentSpec: an Experiment built from a search space; and the checks before it is sent."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.k8s.objects.custom_object import CustomKind
from pytest_kubeflow.katib.program import check_command, function_command
from pytest_kubeflow.katib.search_space import SearchParameter

GROUP, VERSION = "kubeflow.org", "v1beta1"
TRIALS, SUGGESTIONS = "trials", "suggestions"
KIND = CustomKind("Experiment", GROUP, VERSION, "experiments")
EXPERIMENT_LABEL = "katib.kubeflow.org/experiment"
TRIAL_LABEL = "katib.kubeflow.org/trial"
DEPLOYMENT_LABEL = "katib.kubeflow.org/deployment"
INJECTION_LABEL = "katib.kubeflow.org/metrics-collector-injection"
"""Of namespaces, "enabled": Katib puts its collector into the pods of trials there."""

CONTAINER = "training-container"
COLLECTORS = ("metrics-logger-and-collector", "metrics-collector")
"""What Katib calls its sidecar: for StdOut and File, and for the others."""

MAXIMIZE, MINIMIZE = "maximize", "minimize"
LONGEST = 40
"""Characters of a name."""

_METRIC = re.compile(r"[\w|-]+", re.ASCII)
_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?", re.ASCII)


def check_name(name: str) -> str:
    """`name` if an Experiment can be called so. Raises ConfigurationError if not.

    Katib's own expression has no end, so that it takes names that Kubernetes refuses later.
    """
    if not _NAME.fullmatch(name) or len(name) > LONGEST:
        raise ConfigurationError(
            f"{name!r} is no name for an Experiment; valid: lower-case letters, digits and dashes, "
            f"beginning with a letter, not ending with a dash, {LONGEST} characters at most"
        )
    return name


@dataclass(frozen=True)
class ExperimentSpec:
    """An experiment whose trials are Jobs with one container.

    `trial` is a Python function that takes the parameters and returns its metrics, or a command
    with `${trialParameters.NAME}` where values belong. `metric` is the objective's name.
    """

    space: Mapping[str, SearchParameter]
    trial: Callable[..., Any] | Sequence[str]
    metric: str
    image: str
    direction: str = MAXIMIZE
    goal: float | None = None
    additional_metrics: Sequence[str] = ()
    algorithm: str = "random"
    algorithm_settings: Mapping[str, str] = field(default_factory=dict)
    early_stopping: Mapping[str, str] | None = None
    """The settings of median stopping; None: no trial is stopped early."""

    parallel: int = 3
    trials: int | None = 12
    """The most trials; None: no end but the goal."""

    max_failed: int | None = 3
    retain: bool = True
    """Whether Jobs and pods of trials stay with their logs, until the experiment is deleted."""

    resume_policy: str | None = None
    collector: Mapping[str, Any] | None = None
    """`metricsCollectorSpec`; None: standard output is read."""

    packages: Sequence[str] = ()
    """What trials of a function install before it is called."""

    index_urls: Sequence[str] = ()
    requests: Mapping[str, str] = field(default_factory=lambda: {"cpu": "100m", "memory": "128Mi"})
    limits: Mapping[str, str] = field(default_factory=lambda: {"cpu": "1", "memory": "512Mi"})
    service_account: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.space:
            raise ConfigurationError("an experiment has one parameter at least")
        if not self.metric or self.metric in self.additional_metrics:
            raise ConfigurationError(
                f"an experiment has a metric, and it is none of the additional ones: "
                f"{self.metric!r}, {list(self.additional_metrics)}"
            )
        if self.collector is None and (
            unreadable := [
                one for one in (self.metric, *self.additional_metrics) if not _METRIC.fullmatch(one)
            ]
        ):
            raise ConfigurationError(
                f"the metric {unreadable[0]!r} is none that Katib reads in a log: letters of "
                "ASCII, digits and _-| make its name; collector= is for others"
            )
        if self.goal is not None and not math.isfinite(self.goal):
            raise ConfigurationError(f"goal={self.goal} is no number that can be reached")
        if self.direction not in {MAXIMIZE, MINIMIZE}:
            raise ConfigurationError(
                f"direction={self.direction!r} is none; valid: {MAXIMIZE}, {MINIMIZE}"
            )
        counts = {"parallel": self.parallel, "trials": self.trials, "max_failed": self.max_failed}
        for name, count in counts.items():
            least = 0 if name == "max_failed" else 1
            if count is not None and count < least:
                raise ConfigurationError(f"{name}={count}: it is {least} at least")
        for name in ("parallel", "max_failed"):
            count = counts[name]
            if self.trials is not None and count is not None and count > self.trials:
                raise ConfigurationError(
                    f"{name}={count} is more than trials={self.trials}, which Katib refuses"
                )
        if self.algorithm == "grid" and (
            endless := [name for name, one in self.space.items() if one.size is None]
        ):
            raise ConfigurationError(
                f"a grid has no points along {', '.join(endless)}: give it a step"
            )

    def manifest(self, name: str, namespace: str, labels: Mapping[str, str]) -> dict[str, Any]:
        """The Experiment, as an object."""
        spec: dict[str, Any] = {
            "objective": self._objective(),
            "algorithm": _algorithm(self.algorithm, self.algorithm_settings),
            "parallelTrialCount": self.parallel,
            "parameters": [
                {
                    "name": parameter,
                    "parameterType": one.type_name,
                    "feasibleSpace": one.feasible_space,
                }
                for parameter, one in self.space.items()
            ],
            "trialTemplate": self._template(),
        }
        optional = {
            "maxTrialCount": self.trials,
            "maxFailedTrialCount": self.max_failed,
            "resumePolicy": self.resume_policy,
            "metricsCollectorSpec": self.collector,
        }
        spec |= {key: value for key, value in optional.items() if value is not None}
        if self.early_stopping is not None:
            spec["earlyStopping"] = _algorithm("medianstop", self.early_stopping)
        return {
            "apiVersion": KIND.api_version,
            "kind": "Experiment",
            "metadata": {"name": name, "namespace": namespace, "labels": dict(labels)},
            "spec": spec,
        }

    def _objective(self) -> dict[str, Any]:
        objective: dict[str, Any] = {"type": self.direction, "objectiveMetricName": self.metric}
        if self.goal is not None:
            objective["goal"] = self.goal
        if self.additional_metrics:
            objective["additionalMetricNames"] = list(self.additional_metrics)
        return objective

    def _command(self) -> list[str]:
        if callable(self.trial):
            return function_command(
                self.trial, self.space, packages=self.packages, index_urls=self.index_urls
            )
        return check_command(self.trial, self.space)

    def _template(self) -> dict[str, Any]:
        container: dict[str, Any] = {
            "name": CONTAINER,
            "image": self.image,
            "imagePullPolicy": "IfNotPresent",
            # Without one Katib asks the image's registry for it.
            "command": self._command(),
        }
        # Katib refuses a Job of which Kubernetes' own type would lose something, if only {}.
        amounts = {"requests": dict(self.requests), "limits": dict(self.limits)}
        container["resources"] = {name: one for name, one in amounts.items() if one}
        if self.env:
            container["env"] = [{"name": name, "value": one} for name, one in self.env.items()]
        # A shell hands no SIGTERM on to what it runs: one that is deleted ends by SIGKILL.
        pod: dict[str, Any] = {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 5,
            "containers": [container],
        }
        if self.service_account is not None:
            pod["serviceAccountName"] = self.service_account
        # A mesh's sidecar does not end with the Job before Kubernetes 1.29.
        metadata = {"labels": {"sidecar.istio.io/inject": "false"}}
        return {
            "primaryContainerName": CONTAINER,
            "retain": self.retain,
            "trialParameters": [{"name": name, "reference": name} for name in self.space],
            "trialSpec": {
                "apiVersion": "batch/v1",
                "kind": "Job",
                # One attempt: a second one would print its numbers again.
                "spec": {"backoffLimit": 0, "template": {"metadata": metadata, "spec": pod}},
            },
        }


def _algorithm(name: str, settings: Mapping[str, str]) -> dict[str, Any]:
    algorithm: dict[str, Any] = {"algorithmName": name}
    if settings:
        algorithm["algorithmSettings"] = [
            {"name": key, "value": str(value)} for key, value in settings.items()
        ]
    return algorithm
