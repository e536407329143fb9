"""The health of a platform as lines of text: by component, by weight, with fixes."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.platform.fault import Severity
from pytest_kubeflow.platform.finding import Finding, counted
from pytest_kubeflow.platform.health import Health

_EVIDENCE = 3
_FOLLOWS = ("so ", "because ")


def lines(health: Health) -> Iterator[tuple[str, str]]:
    """Each line with the severity that it tells of ("" for none)."""
    yield from _components(health)
    if health.lacking:
        yield "", ""
        yield f"gateway: {health.lacking}", Severity.BROKEN.value
    for finding in health.findings:
        yield "", ""
        yield from _finding(finding)
    if health.unseen:
        yield "", ""
        yield "Not looked at:", ""
        yield from ((f"  {one.what}: {one.why}", "") for one in health.unseen)


def _components(health: Health) -> Iterator[tuple[str, str]]:
    """A line for each component with findings."""
    groups: dict[str, list[Finding]] = {}
    for finding in health.findings:
        groups.setdefault(finding.component, []).append(finding)
    width = max(map(len, groups), default=0)
    for component, found in sorted(groups.items()):
        yield f"{component:{width}}  {counted(found)}", found[0].severity.value


def _finding(finding: Finding) -> Iterator[tuple[str, str]]:
    severity = finding.severity.value
    yield f"{finding.code} {severity}: {finding.sentence}", severity
    follows = [one for one in finding.evidence if one.startswith(_FOLLOWS)]
    for line in [one for one in finding.evidence if one not in follows][:_EVIDENCE]:
        yield f"  seen: {line}", ""
    yield from ((f"  {line}", "") for line in follows)
    first, *more = finding.fix.splitlines() or [""]
    yield f"  fix: {first}", ""
    yield from ((f"       {line}", "") for line in more)
