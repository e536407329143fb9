"""Bundler: makes the folder of each failed test, in the process that ran it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_kubeflow.reporting.bundle.budget import (
    INTERRUPTED_SECONDS,
    SESSION_BYTES,
    TEST_SECONDS,
    Budget,
)
from pytest_kubeflow.reporting.bundle.collecting import SessionScope, collect
from pytest_kubeflow.reporting.bundle.folder import Folder, safe_name
from pytest_kubeflow.reporting.bundle.preflight import collect_preflight
from pytest_kubeflow.retries.evidence import reading_evidence
from pytest_kubeflow.waiting import bounded_by

if TYPE_CHECKING:
    from pytest_kubeflow.cluster.checklist import Finding
    from pytest_kubeflow.k8s.client import KubernetesClient
    from pytest_kubeflow.pipelines.runs.run import PipelineRun

PREFLIGHT = "preflight"


@dataclass(frozen=True, slots=True)
class Failure:
    """A test as pytest tells of it. `parts` are headings with texts, the traceback first."""

    test: str
    phase: str
    sentence: str
    parts: Sequence[tuple[str, str]] = ()
    interrupted: bool = False

    def text(self) -> str:
        """For people."""
        lines = [self.test, f"{self.phase}: {self.sentence}", ""]
        for heading, text in self.parts:
            lines += [f"--- {heading}", text.rstrip(), ""]
        return "\n".join(lines)


class Bundler:
    """Of one process; those of a session write below one `root`. Nothing it does is raised.

    `problems` says what could not be written. A test that fails twice, as in its call and then in
    its teardown, keeps the folder of the first time, when what it used was still there.
    """

    def __init__(
        self, root: Path, session: str, *, redact: Callable[[str], str], share: int = 1
    ) -> None:
        self.root = root
        self.problems: list[str] = []
        self.place: SessionScope | None = None
        self._session = session
        self._redact = redact
        self._budget = Budget(bytes=SESSION_BYTES // share)
        self._made: dict[str, int] = {}

    def collect(self, failure: Failure, runs: Iterable[PipelineRun], *, attempt: int = 0) -> str:
        """The name of the test's folder; empty if it could not be made."""
        name = safe_name(self._redact(failure.test))
        if self._made.get(name) == attempt:
            return name
        longest = INTERRUPTED_SECONDS if failure.interrupted else TEST_SECONDS
        facts = {
            "test": failure.test,
            "sentence": failure.sentence,
            "phase": failure.phase,
            "session": self._session,
            "namespace": self.place.namespace if self.place is not None else "",
        }

        def fill(folder: Folder) -> None:
            folder.write("test.txt", "what pytest tells of the test", failure.text())
            collect(folder, self.place, list(runs))

        if not self._fill(name, facts, fill, longest):
            return ""
        self._made[name] = attempt
        return name

    def collect_preflight(
        self,
        findings: Sequence[Finding],
        kubernetes: KubernetesClient | None,
        namespace: str | None,
    ) -> None:
        """The folder of a preflight that has failed."""
        failed = next((one for one in findings if one.state.value == "failed"), None)
        facts = {
            "test": PREFLIGHT,
            "sentence": f"{failed.check}: {failed.message}" if failed is not None else "",
            "session": self._session,
        }
        self._fill(
            PREFLIGHT,
            facts,
            lambda folder: collect_preflight(folder, findings, kubernetes, namespace),
            TEST_SECONDS,
        )

    def _fill(
        self, name: str, facts: dict[str, str], fill: Callable[[Folder], None], longest: float
    ) -> bool:
        budget = self._budget.for_test(longest)
        try:
            folder = Folder(self.root / name, facts, redact=self._redact, budget=budget)
            with reading_evidence(), bounded_by(budget.deadline):
                fill(folder)
            folder.close()
        except OSError as error:
            self.problems.append(
                f"evidence of {self._redact(facts['test'])} was not written: "
                f"{error.strerror or error}"
            )
            return False
        return True
