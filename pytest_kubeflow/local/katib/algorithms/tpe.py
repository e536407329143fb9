"""TPE by Optuna's sampler, for Katib's `tpe` and `multivariate-tpe`.

Optuna takes most of a second to import, and only experiments with this algorithm want it: it is
imported by whoever asks first, in a thread. A real Katib has hyperopt's TPE behind `tpe`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_kubeflow.local.katib.algorithms.space import Parameter
from pytest_kubeflow.local.katib.observation import number

_SETTINGS = {
    "n_EI_candidates": ("n_ei_candidates", int),
    "n_ei_candidates": ("n_ei_candidates", int),
    "n_startup_trials": ("n_startup_trials", int),
    "prior_weight": ("prior_weight", float),
    "random_state": ("seed", int),
}


def suggest(
    parameters: Sequence[Parameter],
    trials: Sequence[Any],
    *,
    count: int,
    given: int,
    maximize: bool,
    settings: Mapping[str, str],
    multivariate: bool,
) -> list[list[str]]:
    """`count` assignments, by what `trials` (messages, all of which have ended) have come to.

    `given` is how many were given before: a seed gives others each time. Raises ValueError.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    options: dict[str, Any] = {
        name: read(settings[key]) for key, (name, read) in _SETTINGS.items() if key in settings
    }
    if "seed" in options:
        options["seed"] += given
    if "gamma" in settings:
        share = float(settings["gamma"])
        options["gamma"] = lambda done: max(1, math.ceil(share * done))
    if not multivariate:
        # hyperopt's knows enough after its first trials, which are as many as run side by side.
        options.setdefault("n_startup_trials", max(1, count))
    sampler = optuna.samplers.TPESampler(multivariate=multivariate, constant_liar=True, **options)
    study = optuna.create_study(sampler=sampler, direction="maximize" if maximize else "minimize")
    space = {one.name: _distribution(one, optuna) for one in parameters}
    for trial in trials:
        known = _finished(trial, parameters, space, optuna)
        if known is not None:
            study.add_trial(known)
    found = []
    for _ in range(count):
        asked = study.ask(fixed_distributions=space)
        found.append([_text(one, asked.params[one.name]) for one in parameters])
    return found


def _distribution(parameter: Parameter, optuna: Any) -> Any:
    distributions = optuna.distributions
    if parameter.is_listed:
        return distributions.CategoricalDistribution(parameter.values)
    log = parameter.distribution in {"LOG_UNIFORM", "LOG_NORMAL"}
    if parameter.kind == "INT":
        low, high = int(parameter.low), int(parameter.high)
        step = 1 if log else int(parameter.step or 1)
        return distributions.IntDistribution(max(1, low) if log else low, high, log=log, step=step)
    least, most = float(parameter.low), float(parameter.high)
    size = None if log or not parameter.step else float(parameter.step)
    return distributions.FloatDistribution(
        max(1e-10, least) if log else least, most, log=log, step=size
    )


def _finished(
    trial: Any, parameters: Sequence[Parameter], space: Mapping[str, Any], optuna: Any
) -> Any:
    """A trial that has ended with a number, for Optuna; None for one that is none of this space."""
    objective = trial.spec.objective.objective_metric_name
    value = next(
        (number(one.value) for one in trial.status.observation.metrics if one.name == objective),
        None,
    )
    texts = {one.name: one.value for one in trial.spec.parameter_assignments.assignments}
    if value is None or not texts.keys() >= space.keys():
        return None
    values = {one.name: _value(one, texts[one.name]) for one in parameters}
    if not all(
        space[name]._contains(space[name].to_internal_repr(one)) for name, one in values.items()
    ):
        return None
    return optuna.trial.create_trial(params=values, distributions=dict(space), value=value)


def _value(parameter: Parameter, text: str) -> str | int | float:
    if parameter.is_listed:
        return text
    return int(text) if parameter.kind == "INT" else float(text)


def _text(parameter: Parameter, value: Any) -> str:
    return str(value) if parameter.is_listed else parameter.text(value)
