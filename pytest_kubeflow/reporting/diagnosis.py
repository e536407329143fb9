"""What a failed test shows of its run beside its own message."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from pytest_kubeflow.errors import Evidence
from pytest_kubeflow.reporting.records.excerpts import UNREADABLE, reason
from pytest_kubeflow.retries.evidence import reading_evidence

if TYPE_CHECKING:
    from pytest_kubeflow.pipelines.runs.run import PipelineRun

_LOGS = 3
_LINES = 40
# Secrets are taken out before the rest is cut off, and a private key has many lines.
_READ_LINES = 1_000
_LOG = "log of "


@reading_evidence()
def diagnosis(run: PipelineRun, redact: Callable[[str], str]) -> Evidence:
    """The run's evidence, redacted. Nothing is raised.

    Evidence has logs of tasks that failed or hang. Where the run is fine and the test is not, it is
    what tasks have computed that was wrong: then it has the logs of the tasks that ended last.
    """
    try:
        evidence = run.evidence()
    except UNREADABLE as error:
        evidence = Evidence(
            f"run {run.name} ({run.run_id})", (("evidence", f"(not to be had: {reason(error)})"),)
        )
    # Before it is rendered, which cuts: half a private key would not be recognised.
    redacted = Evidence(
        redact(evidence.title),
        tuple((redact(heading), redact(text)) for heading, text in evidence.sections),
    )
    if not any(heading.startswith(_LOG) for heading, _ in redacted.sections):
        with contextlib.suppress(*UNREADABLE):  # the evidence has said so of the tasks already
            for heading, text in _last_logs(run, redact):
                redacted = redacted.and_section(heading, text)
    return redacted


def _last_logs(run: PipelineRun, redact: Callable[[str], str]) -> Iterable[tuple[str, str]]:
    from pytest_kubeflow.pipelines.runs.evidence import last_log_lines

    done = [task for task in run.tasks if task.pod_name and task.ended and not task.is_dag]
    for task in sorted(done, key=lambda task: task.ended or 0.0)[-_LOGS:]:
        lines = redact(last_log_lines(task, _READ_LINES)).splitlines()
        yield f"{_LOG}{task.label}", "\n".join(lines[-_LINES:])
