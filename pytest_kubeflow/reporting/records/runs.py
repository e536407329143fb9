"""RunRecord: what a report keeps of a run, taken while the cluster still has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from pytest_kubeflow.errors import PermissionDenied
from pytest_kubeflow.pipelines.runs.states import FINAL_STATES
from pytest_kubeflow.reporting.graph import around, waits_for
from pytest_kubeflow.reporting.records.excerpts import UNREADABLE, Excerpts, as_text, reason
from pytest_kubeflow.retries.evidence import NotAsked, reading_evidence

if TYPE_CHECKING:
    from pytest_kubeflow.pipelines.outputs.source import Artifact
    from pytest_kubeflow.pipelines.packages.package import Package
    from pytest_kubeflow.pipelines.runs.pod_phases import PodPhase
    from pytest_kubeflow.pipelines.runs.run import PipelineRun
    from pytest_kubeflow.pipelines.tasks.task import Task

UNKNOWN = "UNKNOWN"
"""The state of a run that could not be asked for it."""

_TASKS = 100
_VALUES = 20
# What KFP itself writes into the metadata of every artifact.
_KFPS_OWN = frozenset({"display_name", "store_session_info"})


@dataclass(frozen=True, slots=True)
class Phase:
    """What a pod did from `started` to `ended`.

    "waiting for a node", "starting" (image, volumes, init containers) or "running".
    """

    name: str
    started: float
    ended: float


@dataclass(frozen=True, slots=True)
class TaskEntry:
    """One line of a record's table. Times are seconds since the epoch.

    `name` is the task's key after those of the DAGs around it ("dag/key"), `artifacts` the type,
    URI and metadata of each as one text. `after` names the tasks of the run whose end it waits for,
    `within` the DAG around it, `phases` are those of its pod, `log` is the end of what it printed
    if that was read.
    """

    name: str
    state: str
    error: str = ""
    started: float | None = None
    ended: float | None = None
    outputs: Mapping[str, Any] = field(default_factory=dict)
    artifacts: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    within: str = ""
    is_dag: bool = False
    is_cached: bool = False
    phases: tuple[Phase, ...] = ()
    log: str = ""

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it has not ended."""
        if self.started is None or self.ended is None:
            return None
        return max(0.0, self.ended - self.started)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as it was when the record was taken.

    `gaps` says what could not be read, and why; `left_out` how many tasks the table lacks.
    """

    run_id: str
    name: str
    namespace: str
    url: str
    state: str = UNKNOWN
    outputs: Mapping[str, Any] = field(default_factory=dict)
    tasks: tuple[TaskEntry, ...] = ()
    left_out: int = 0
    gaps: tuple[str, ...] = ()

    @classmethod
    @reading_evidence()
    def of(
        cls, run: PipelineRun, redact: Callable[[str], str], *, phases: bool = False
    ) -> RunRecord:
        """The record of `run` now. What cannot be read is a gap; nothing is raised.

        A run that has ended and whose tasks were read before is not asked about again, but for
        its pods with `phases`.
        """
        excerpts = Excerpts(redact)
        state, outputs, tasks = UNKNOWN, {}, []
        package: Package | None = None
        of_pods: Mapping[str, Sequence[PodPhase]] = {}
        gaps = []
        try:
            # If there is no answer even to this, there is no point in waiting for more of them.
            state = run.state
        except NotAsked as error:
            gaps.append(error.message)
        except UNREADABLE as error:
            gaps.append(f"neither state nor tasks can be read: {reason(error)}")
        else:
            try:
                tasks = run.tasks
                # Before its end this would ask for the tasks again.
                outputs = run.outputs if state in FINAL_STATES else {}
                package = run.package
            except NotAsked as error:
                gaps.append(error.message)
            except UNREADABLE as error:
                gaps.append(f"{'outputs' if tasks else 'tasks'} cannot be read: {reason(error)}")
            try:
                of_pods = run.pod_phases() if phases and tasks else {}
            except PermissionDenied:
                pass  # pods are not everybody's to see
            except NotAsked as error:
                gaps.append(error.message)
            except UNREADABLE as error:
                gaps.append(f"when its pods started cannot be read: {reason(error)}")
            gaps += sorted({task.unread for task in tasks if task.unread})
        after = waits_for(package, tasks) if package is not None else {}
        return cls(
            run_id=run.run_id,
            name=excerpts.text(run.name),
            namespace=run.namespace,
            url=excerpts.text(run.url),
            state=state,
            outputs=_values(outputs, excerpts),
            tasks=tuple(
                _entry(task, excerpts, after.get(task.label, ()), of_pods.get(task.pod_name, ()))
                for task in tasks[:_TASKS]
            ),
            left_out=len(tasks[_TASKS:]),
            gaps=tuple(excerpts.text(gap) for gap in dict.fromkeys(gaps)),
        )

    @property
    def started(self) -> float | None:
        """When the first of its tasks began."""
        return min((task.started for task in self.tasks if task.started is not None), default=None)

    @property
    def ended(self) -> float | None:
        """When the last of its tasks ended, as far as they have."""
        return max((task.ended for task in self.tasks if task.ended is not None), default=None)

    @property
    def seconds(self) -> float | None:
        """From the first task's start to the last one's end."""
        if self.started is None or self.ended is None:
            return None
        return max(0.0, self.ended - self.started)


def _entry(
    task: Task, excerpts: Excerpts, after: Sequence[str], phases: Sequence[PodPhase]
) -> TaskEntry:
    return TaskEntry(
        name=excerpts.text(task.label),
        state=task.state,
        error=excerpts.text(task.error),
        started=task.started,
        ended=task.ended,
        outputs=_values(task.outputs, excerpts),
        artifacts={
            excerpts.text(name): excerpts.text(_described(artifact))
            for name, artifact in islice(task.artifacts.items(), _VALUES)
        },
        after=tuple(excerpts.text(label) for label in after),
        within=excerpts.text(around(task)),
        is_dag=task.is_dag,
        is_cached=task.is_cached,
        phases=tuple(Phase(*phase) for phase in phases),
    )


def _values(values: Mapping[str, Any], excerpts: Excerpts) -> dict[str, Any]:
    kept = {
        excerpts.text(name): excerpts.value(value)
        for name, value in islice(values.items(), _VALUES)
    }
    if len(values) > _VALUES:
        kept["…"] = f"{len(values) - _VALUES} more"
    return kept


def _described(artifact: Artifact) -> str:
    told = {name: value for name, value in artifact.metadata.items() if name not in _KFPS_OWN}
    return f"{artifact.type} {artifact.uri}{f' {as_text(told)}' if told else ''}"
