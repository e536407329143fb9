"""FleetRecord: what the sessions on several targets came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_kubeflow.errors import ConfigurationError

if TYPE_CHECKING:
    from pytest_kubeflow.reporting.records.session import SessionRecord

SESSION, REPORT, JUNIT, OUTPUT = "session.json", "report.html", "junit.xml", "output.log"
"""What each session leaves in its folder."""

SCHEMA = 1
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class TargetRecord:
    """One target: `state` is that of the session's verdict, or "unknown" where there is none.

    `folder` is beside the page. `counts` has how many tests ended how, `versions` what was tested.
    """

    target: str
    folder: str
    exit_code: int
    state: str
    sentence: str
    gateway: str = ""
    seconds: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)
    components: dict[str, str] = field(default_factory=dict)
    causes: tuple[str, ...] = ()
    versions: dict[str, str] = field(default_factory=dict)
    reports: tuple[str, ...] = ()
    """Names of the files in its folder that there are."""


@dataclass(frozen=True, slots=True)
class FleetRecord:
    """All of them, in the order in which they were given. Times are seconds since the epoch."""

    targets: tuple[TargetRecord, ...]
    started: float
    ended: float
    schema: int = SCHEMA

    @property
    def exit_code(self) -> int:
        """0 if all sessions were green; the code of the red ones, or 1 if they have several."""
        codes = {one.exit_code for one in self.targets} - {0}
        return 0 if not codes else codes.pop() if len(codes) == 1 else 1

    @property
    def sentence(self) -> str:
        """Such as "1 of 3 clusters is red: staging (degraded)."."""
        red = [one for one in self.targets if one.exit_code != 0]
        if not red:
            return f"All {len(self.targets)} clusters are green."
        names = ", ".join(f"{one.target} ({one.state})" for one in red)
        verb = "is" if len(red) == 1 else "are"
        return f"{len(red)} of {len(self.targets)} clusters {verb} red: {names}."


def target_record(target: str, folder: Path, exit_code: int) -> TargetRecord:
    """What the session in a folder came to; of one that left no document what it said last."""
    from pytest_kubeflow.reporting.records.document import load

    reports = tuple(one for one in (REPORT, SESSION, JUNIT, OUTPUT) if (folder / one).is_file())
    try:
        record = load(folder / SESSION)
    except ConfigurationError:
        message = _last_line(folder / OUTPUT) or "it said nothing"
        return TargetRecord(target, folder.name, exit_code, "unknown", message, reports=reports)
    return _of(record, target, folder.name, exit_code, reports)


def _of(
    record: SessionRecord, target: str, folder: str, exit_code: int, reports: Sequence[str]
) -> TargetRecord:
    return TargetRecord(
        target=target,
        folder=folder,
        exit_code=exit_code,
        state=record.verdict.state.value,
        sentence=record.verdict.sentence,
        gateway=record.gateway,
        seconds=round(record.seconds, 3),
        counts={outcome.value: count for outcome, count in record.counts().items()},
        components={one.name: one.state.value for one in record.verdict.components},
        causes=tuple(one.sentence for one in record.causes),
        versions=dict(record.versions),
        reports=tuple(reports),
    )


def _last_line(path: Path) -> str:
    """The last thing that a session has said: an error, where it has told one."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    lines = [line.strip() for line in lines if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR: ")]
    return (errors or lines or [""])[-1].removeprefix("ERROR: ")[:_LONGEST]
