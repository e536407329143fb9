"""PlatformHealth: what tests expect of the platform, held against what was found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pytest_kubeflow.errors import Evidence, PlatformFault
from pytest_kubeflow.platform.catalogue import find_fault
from pytest_kubeflow.platform.fault import Severity
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.health import Health
from pytest_kubeflow.platform.snapshot.reading import KINDS
from pytest_kubeflow.platform.snapshot.snapshot import KUBERNETES

_LISTED = 3


class PlatformHealth:
    """The health of the session's cluster, looked at once.

    `fails_on` is the least severity for which an expectation fails; what is less is handed to
    `tell`. These methods, `unseen` and `absent` are for those who derive from it, and may raise.
    """

    def __init__(self, health: Health, *, fails_on: Severity = Severity.BROKEN) -> None:
        self.health = health
        self._fails_on = fails_on

    @property
    def findings(self) -> Sequence[Finding]:
        """All that was found, the worst first."""
        return self.health.findings

    def expect_none(self, *codes: str, reads: Iterable[str] = ()) -> None:
        """None of these faults may be on the cluster. Raises PlatformFault.

        `reads` is what has to be seen before anybody can say so ("pods", "nodes", "the pages of
        the gateway"): what of it could not be looked at goes to `unseen`, what the cluster does not
        have to `absent`. Raises LookupError for a code of no fault.
        """
        __tracebackhide__ = True
        known = [find_fault(code).code for code in codes]
        found = [one for one in self.findings if one.code in known]
        red = [one for one in found if one.severity.weight <= self._fails_on.weight]
        for finding in found:
            if finding not in red:
                self.tell(finding)
        if red:
            raise PlatformFault(_sentence(red), evidence=_evidence(red))
        wanted = tuple(reads)
        if why := list(self._missing(wanted)):
            self.unseen("; ".join(why))
        elif absent := [one for one in wanted if self._is_absent(one)]:
            self.absent(f"this cluster has no {', no '.join(absent)}")

    def tell(self, finding: Finding) -> None:
        """Take note of a finding that is no failure; here nothing is done with it."""

    def unseen(self, reason: str) -> None:
        """Take note of what could not be looked at. Raises PlatformFault: it is not known."""
        raise PlatformFault(f"it cannot be told whether the platform is whole: {reason}")

    def absent(self, reason: str) -> None:
        """Take note of a part that the cluster does not have; here nothing is done with it."""

    def _missing(self, reads: Iterable[str]) -> Iterator[str]:
        """What of it could not be looked at, by its name or by how that begins."""
        for one in self.health.unseen:
            if one.what == KUBERNETES or any(one.what.startswith(name) for name in reads):
                yield f"{one.what}: {one.why}"

    def _is_absent(self, name: str) -> bool:
        known = {kind.resource for kind in KINDS}
        return name in known and name not in self.health.snapshot.served


def _sentence(found: Sequence[Finding]) -> str:
    told = [f"{one.code} {one.sentence}" for one in found[:_LISTED]]
    more = f"; and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
    return "; ".join(told) + more


def _evidence(found: Sequence[Finding]) -> Evidence:
    sections = []
    for one in found:
        sections.append((f"{one.code}: fix", one.fix))
        if one.evidence:
            sections.append((f"{one.code}: what was seen", "\n".join(one.evidence)))
    return Evidence("what is broken on the platform", tuple(sections))
