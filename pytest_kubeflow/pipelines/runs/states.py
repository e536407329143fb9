"""The states of runs that no run leaves, and those that somebody expects."""

from __future__ import annotations

from pytest_kubeflow.errors import ConfigurationError

FINAL_STATES = frozenset({"SUCCEEDED", "SKIPPED", "FAILED", "CANCELED"})
"""As in backend/api/v2beta1/run.proto in kubeflow/pipelines."""


def expected_states(expect: str | tuple[str, ...]) -> tuple[str, ...]:
    """The states that `expect` names. Raises ConfigurationError if a run never ends in one."""
    states: tuple[str, ...] = (expect,) if isinstance(expect, str) else ()
    if isinstance(expect, tuple | list):
        states = tuple(expect)
    if not states or not FINAL_STATES.issuperset(states):
        raise ConfigurationError(f"expect={expect!r}; valid: {', '.join(sorted(FINAL_STATES))}")
    return states
