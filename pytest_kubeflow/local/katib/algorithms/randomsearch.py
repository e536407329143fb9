"""Random search: each value on its own, by the distribution of its parameter.

Distributions: kubeflow/katib v0.19.0, pkg/suggestion/v1beta1/hyperopt/base_service.py, where
hyperopt samples; Optuna knows no normal ones. What has steps stays on min + n * step here, where
hyperopt rounds to multiples of the step and may leave the space.
"""

from __future__ import annotations

import math
import random

from pytest_kubeflow.local.katib.algorithms.space import Parameter

_SIGMAS = 6  # from min to max of a normal distribution


def sample(parameter: Parameter, source: random.Random) -> str:
    """A value. Raises ValueError, ArithmeticError for amounts that are no numbers, or no range."""
    if parameter.is_listed:
        if not parameter.values:
            raise ValueError("Cannot choose from an empty sequence")
        return source.choice(parameter.values)
    low, high = float(parameter.low), float(parameter.high)
    if not math.isfinite(high - low):
        raise OverflowError("Range exceeds valid bounds")
    logarithmic = parameter.distribution in {"LOG_UNIFORM", "LOG_NORMAL"}
    if logarithmic:
        low, high = math.log(low), math.log(high)
    if parameter.distribution in {"NORMAL", "LOG_NORMAL"}:
        value = source.gauss((low + high) / 2, (high - low) / _SIGMAS)
    elif parameter.step or parameter.kind == "INT":
        return _stepped(parameter, source)
    else:
        value = source.uniform(low, high)
    value = math.exp(value) if logarithmic else value
    if step := float(parameter.step or (parameter.kind == "INT")):
        value = round(value / step) * step
    return parameter.text(value)


def _stepped(parameter: Parameter, source: random.Random) -> str:
    low, high = float(parameter.low), float(parameter.high)
    step = float(parameter.step or 1)
    if parameter.distribution == "LOG_UNIFORM":
        value = math.exp(source.uniform(math.log(low), math.log(high)))
        number = round((value - low) / step)
    else:
        number = source.randint(0, math.floor((high - low) / step + 1e-9))
    return parameter.text(min(low + number * step, high))
