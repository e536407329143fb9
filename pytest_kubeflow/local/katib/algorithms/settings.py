"""What the services say of settings that they do not take.

Words: kubeflow/katib v0.19.0, pkg/suggestion/v1beta1/{hyperopt,optuna}/service.py and
pkg/earlystopping/v1beta1/medianstop/service.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pytest_kubeflow.local.katib.algorithms.space import Points, SpaceError, parameters_of

_Check = tuple[Callable[[str], bool], str]
_NOT_NEGATIVE: _Check = (lambda text: int(text) >= 0, "{} should be great or equal than zero")
_POSITIVE: _Check = (lambda text: int(text) > 0, "{} should be great than zero")
_CHECKS: dict[str, dict[str, _Check]] = {
    "random": {"random_state": _NOT_NEGATIVE},
    "grid": {"random_state": (lambda text: int(text) >= 0, "")},
    "tpe": {
        "gamma": (lambda text: 1 > float(text) > 0, "{} should be in the range of (0, 1)"),
        "prior_weight": (lambda text: float(text) > 0, "{} should be great than zero"),
        "n_EI_candidates": _POSITIVE,
        "random_state": _NOT_NEGATIVE,
    },
    "multivariate-tpe": dict.fromkeys(
        ("n_startup_trials", "n_ei_candidates", "random_state"),
        (lambda text: int(text) >= 0, "{} should be greate or equal than zero"),
    ),
    "medianstop": {
        "min_trials_required": (
            lambda text: int(text) > 0,
            "min_trials_required must be greater than zero (>0)",
        ),
        "start_step": (
            lambda text: int(text) >= 1,
            "start_step must be greater or equal than one (>=1)",
        ),
    },
}


def refusal(algorithm: str, settings: Iterable[Any]) -> str | None:
    """Why settings (messages) of an algorithm are none; None: they are taken."""
    checks = _CHECKS.get(algorithm)
    if checks is None:
        return f"unknown algorithm name {algorithm}"
    for one in settings:
        check = checks.get(one.name)
        if check is None:
            return f"unknown setting {one.name} for algorithm {algorithm}"
        try:
            if not check[0](one.value):
                return check[1].format(one.name)
        except ValueError as error:
            return f"failed to validate {one.name}({one.value}): {error}"
    return None


def experiment_refusal(experiment: Any) -> str | None:
    """Why an experiment (a message) cannot be searched; None: it can."""
    algorithm = experiment.spec.algorithm
    found = refusal(algorithm.algorithm_name, algorithm.algorithm_settings)
    if found is not None or algorithm.algorithm_name != "grid":
        return found
    parameters = parameters_of(experiment)
    try:
        count = Points.of(parameters).size
    except (SpaceError, ValueError, ArithmeticError) as error:
        return f"failed to validate parameters({parameters}): {error}"
    most = experiment.spec.max_trial_count
    if most > count:
        return f"Max Trial Count: {most} > all possible search combinations: {count}"
    return None
