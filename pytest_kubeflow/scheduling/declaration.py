"""Declaration: what a test's marker kf_pipeline says of the run that the test wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.pipelines.runs.states import expected_states

USAGE = '@pytest.mark.kf_pipeline(pipeline, arguments={"name": value})'
SHARES = ("item", "module")

_KNOWN = frozenset({"arguments", "name", "timeout", "expect", "share"})


@dataclass(frozen=True, eq=False)
class Declaration:
    """Of one test. `test` is its node id, `function` that without parameters, `module` its file."""

    test: str
    function: str
    module: str
    pipeline: Any
    arguments: Mapping[str, object] = field(default_factory=dict)
    name: str | None = None
    timeout: float | None = None
    expect: tuple[str, ...] = ("SUCCEEDED",)
    share: str = "item"
    requires: tuple[str, ...] = ()
    """The components that the test's marker kf_requires names."""

    @classmethod
    def of(
        cls, test: str, function: str, module: str, args: Sequence[Any], given: Mapping[str, Any]
    ) -> Declaration:
        """From a marker's arguments. Raises ConfigurationError for what it does not take."""
        if len(args) != 1:
            raise ConfigurationError(f"the marker kf_pipeline wants one pipeline: {USAGE}")
        if unknown := sorted(given.keys() - _KNOWN):
            raise ConfigurationError(f"the marker kf_pipeline has no {', '.join(unknown)}: {USAGE}")
        arguments = given.get("arguments") or {}
        if not isinstance(arguments, Mapping):
            raise ConfigurationError(f"arguments of the marker kf_pipeline are no mapping: {USAGE}")
        share = given.get("share", "item")
        if share not in SHARES:
            raise ConfigurationError(
                f"the marker kf_pipeline has share={share!r}; valid: {', '.join(SHARES)}"
            )
        timeout = given.get("timeout")
        if timeout is not None and not (isinstance(timeout, int | float) and timeout > 0):
            raise ConfigurationError(
                f"the marker kf_pipeline has timeout={timeout!r}; valid: seconds, more than 0"
            )
        try:
            expect = expected_states(given.get("expect", "SUCCEEDED"))
        except ConfigurationError as error:
            raise ConfigurationError(f"the marker kf_pipeline has {error.message}") from error
        return cls(
            test,
            function,
            module,
            args[0],
            dict(arguments),
            given.get("name"),
            timeout,
            expect,
            share,
        )

    def could_share(self, other: Declaration) -> bool:
        """Whether the two tests ask for the same run, and both are ready to share it."""
        return (
            (self.share, self.module) == ("module", other.module)
            and other.share == self.share
            and self.pipeline is other.pipeline
            and (self.name, self.timeout, self.expect) == (other.name, other.timeout, other.expect)
            and self.arguments == other.arguments
        )
