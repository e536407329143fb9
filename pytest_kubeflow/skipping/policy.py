"""SkipPolicy: whether a test that skips is red, and in which words."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from fnmatch import fnmatchcase

from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.skipping.components import MODES


@dataclass(frozen=True, slots=True)
class Skip:
    """A test that skips: its node id, the reason, the cause ("" for none), its components."""

    test: str
    reason: str
    cause: str = ""
    components: Collection[str] = ()


class SkipPolicy:
    """What `--kf-strict`, `--kf-allow-skip` and `--kf-require` say of skips."""

    def __init__(self, config: KubeflowConfig) -> None:
        self._config = config

    def failure(self, skip: Skip) -> str | None:
        """Why this skip is a failure, as one line; None where it may stay a skip."""
        session = self._config.session
        if any(_means(pattern, skip) for pattern in session.allow_skip):
            return None
        if wanted := self._required(skip):
            message = self._config.described("require")
            return f"{skip.reason} ({message}: no test of {wanted} may be skipped)"
        if session.strict:
            name = skip.cause or skip.test
            message = self._config.described("strict")
            return f"{skip.reason} ({message}; --kf-allow-skip={name} allows this skip)"
        return None

    def _required(self, skip: Skip) -> str:
        """The required component whose test this is, or whose absence is the cause."""
        required = self._config.session.require
        if skip.cause in required:
            return skip.cause
        spared = MODES.get(skip.cause)
        return next((one for one in required if one in skip.components and one != spared), "")


def _means(pattern: str, skip: Skip) -> bool:
    """Whether an entry of --kf-allow-skip is about this skip.

    A cause by its name; with a * in it a pattern for the test's node id or the reason.
    """
    if "*" not in pattern:
        return pattern in (skip.cause, skip.test)
    return any(fnmatchcase(text, pattern) for text in (skip.test, skip.reason))
