"""Finding: a fault that was seen on a cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from pytest_kubeflow.plain_text import plain
from pytest_kubeflow.platform.fault import Fault, Severity


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One fault of the catalogue, at one place of a cluster."""

    fault: Fault
    component: str
    """What of the platform it is about: "katib", "istio", "storage"."""

    sentence: str
    """What is wrong, in one sentence with the names in it."""

    fix: str
    """What to do: a command or a manifest to paste, with a sentence where it needs one."""

    evidence: tuple[str, ...] = ()
    """What was seen, a line each, in the cluster's own words."""

    severity: Severity
    """That of the fault, or a lesser one where it does less harm here."""

    objects: tuple[str, ...] = ()
    """What it is about: "Deployment kubeflow/katib-controller"."""

    explains: frozenset[str] = frozenset()
    """The codes of what follows from it, and so is no finding."""

    def __post_init__(self) -> None:
        """What others have written is in it: in a line, without what a terminal would obey."""
        object.__setattr__(self, "sentence", _line(self.sentence))
        object.__setattr__(self, "evidence", tuple(filter(None, map(_line, self.evidence))))
        object.__setattr__(self, "fix", plain(self.fix))

    @property
    def code(self) -> str:
        """The code of its fault."""
        return self.fault.code


def _line(text: str) -> str:
    return " ".join(plain(text).split())


def counted(findings: Iterable[Finding]) -> str:
    """How many there are of each severity: "2 broken, 1 notice"."""
    counts = Counter(one.severity for one in findings)
    return ", ".join(f"{counts[one]} {one.value}" for one in Severity if counts[one])


def by_weight(finding: Finding) -> tuple[int, str, str, str]:
    """The order in which findings are told: the worst first, then by component and code."""
    return finding.severity.weight, finding.component, finding.code, finding.sentence
