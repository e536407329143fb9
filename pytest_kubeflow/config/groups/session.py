"""SessionSettings: what a test session does with the cluster."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """What a test session does with the cluster."""

    require: tuple[str, ...] = ()
    """Components whose absence fails a test instead of skipping it (of COMPONENTS)."""

    strict: bool = False
    """Whether a skipped test fails unless `allow_skip` has it."""

    allow_skip: tuple[str, ...] = ()
    """Skips that do not fail: names of causes, or patterns of node ids and reasons with a *."""

    known: Path | None = None
    """A file with tests that are known to fail."""

    accept: tuple[str, ...] = ()
    """Weaknesses of the platform that are accepted (of WEAKNESSES)."""

    min_tests: int | None = None
    """The fewest tests that have to run; None for no bound."""

    keep: str = "never"
    """Whether what was made stays after the tests: never, on-failure or always."""

    keep_for: float = 72 * 3600.0
    """How long it stays then, in seconds: a later session removes it."""

    upgrade: str | None = None
    """Which side of an upgrade this session is of: before or after; None: of none."""

    load: int | None = None
    """How many runs load tests have in flight at once; None: they do not run."""

    load_timeout: float = 900.0
    """The seconds that these may take, all together."""

    strict_cleanup: bool = False
    """Whether what was made and is left at the end fails the session."""

    slow: bool = False
    """Whether tests that wait for minutes run too."""

    recurring_period: int = 60
    """The seconds between two starts of recurring runs that tests schedule."""

    timeout: float = 600.0
    """The longest that one wait may take, in seconds."""

    start_timeout: float = 120.0
    """The seconds for which a pod may fail to start for a reason that rarely mends itself."""

    schedule: str = "submit-first"
    """When declared runs are submitted: submit-first or sequential."""

    max_runs: int = 8
    """The most declared runs that are in flight at once."""

    session_timeout: float | None = None
    """The longest that all tests may take, in seconds; None for no bound."""
