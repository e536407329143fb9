"""Store: what the pipelines API knows, in memory.

Records are values: handlers read them, and change them by `dataclasses.replace` and `save`. All
access is from one event loop, so there are no locks. It knows no HTTP and no rights.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from pytest_kubeflow.local.pipelines.schedules import Schedule
from pytest_kubeflow.local.pipelines.spec import PipelineDocument

Json = Any
AVAILABLE, ARCHIVED = "AVAILABLE", "ARCHIVED"
FINAL_STATES = frozenset({"SUCCEEDED", "SKIPPED", "FAILED", "CANCELED"})
DEFAULT_EXPERIMENT = "Default"


def now() -> datetime:
    """The present, in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    return str(uuid.uuid4())


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment; its name is unique in its namespace."""

    name: str
    namespace: str = ""
    description: str = ""
    storage_state: str = AVAILABLE
    last_run_created_at: datetime | None = None
    id: str = field(default_factory=new_id)
    created_at: datetime = field(default_factory=now)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline: a name for its versions. No namespace: it is shared."""

    name: str
    display_name: str = ""
    namespace: str = ""
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    id: str = field(default_factory=new_id)
    created_at: datetime = field(default_factory=now)


@dataclass(frozen=True, slots=True)
class PipelineVersion:
    """One version of a pipeline, with what was uploaded."""

    pipeline_id: str
    name: str
    document: PipelineDocument
    display_name: str = ""
    description: str = ""
    code_source_url: str = ""
    package_url: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    id: str = field(default_factory=new_id)
    created_at: datetime = field(default_factory=now)


@dataclass(frozen=True, slots=True)
class StateChange:
    """A state, and since when it holds."""

    state: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Task:
    """A task of a run: a node of its Workflow; `children` are the ids of nodes after it."""

    id: str
    name: str
    state: str
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    children: tuple[str, ...] = ()
    history: tuple[StateChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """A run. `workflow` is the name of its Workflow object in `namespace`.

    `document` is what runs; `pipeline_id` and `pipeline_version_id` say where it came from, if it
    came from there. `generation` counts retries: reports of an older one are stale. `macros` says
    whether those in its arguments are replaced.
    """

    display_name: str
    experiment_id: str
    namespace: str
    document: PipelineDocument
    arguments: dict[str, Json]
    service_account: str
    workflow: str
    description: str = ""
    pipeline_id: str = ""
    pipeline_version_id: str = ""
    pipeline_root: str = ""
    state: str = "PENDING"
    storage_state: str = AVAILABLE
    generation: int = 0
    history: tuple[StateChange, ...] = ()
    tasks: tuple[Task, ...] = ()
    pipeline_context_id: int = 0
    run_context_id: int = 0
    recurring_run_id: str = ""
    macros: bool = True
    id: str = field(default_factory=new_id)
    created_at: datetime = field(default_factory=now)
    scheduled_at: datetime = field(default_factory=now)
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """What is to be run, for whom.

    `version_id` is empty if the latest version of the pipeline is wanted; `document` is what would
    run now.
    """

    experiment_id: str
    namespace: str
    document: PipelineDocument
    arguments: dict[str, Json]
    service_account: str
    description: str = ""
    pipeline_id: str = ""
    version_id: str = ""
    pipeline_root: str = ""
    names_account: bool = False
    """Whether `service_account` was asked for; else it is the usual one."""


@dataclass(frozen=True, slots=True)
class RecurringRun:
    """A recurring run. `workflow` is what the names of its runs begin with.

    `index` counts its runs, `last_triggered` is when the last one was due.
    """

    display_name: str
    submission: Submission
    schedule: Schedule
    workflow: str
    max_concurrency: int = 1
    no_catchup: bool = False
    enabled: bool = True
    index: int = 0
    last_triggered: datetime | None = None
    id: str = field(default_factory=new_id)
    created_at: datetime = field(default_factory=now)
    updated_at: datetime = field(default_factory=now)

    @property
    def namespace(self) -> str:
        return self.submission.namespace

    @property
    def experiment_id(self) -> str:
        return self.submission.experiment_id


Record = TypeVar("Record", Experiment, Pipeline, PipelineVersion, Run, RecurringRun)


class Table(dict[str, Record]):
    """Records of one kind by their id; `watchers` are called after each change."""

    def __init__(self) -> None:
        super().__init__()
        self.watchers: list[Callable[[str, Record | None], None]] = []

    def save(self, record: Record) -> Record:
        self[record.id] = record
        self._tell(record.id, record)
        return record

    def __delitem__(self, record_id: str) -> None:
        super().__delitem__(record_id)
        self._tell(record_id, None)

    def _tell(self, record_id: str, record: Record | None) -> None:
        for watcher in self.watchers:
            watcher(record_id, record)

    def where(self, **fields: object) -> list[Record]:
        """Records whose attributes have these values, oldest first."""
        return [
            one
            for one in self.values()
            if all(getattr(one, name) == value for name, value in fields.items())
        ]


class PipelineStore:
    """The tables, and what must hold between them."""

    def __init__(self) -> None:
        self.experiments: Table[Experiment] = Table()
        self.pipelines: Table[Pipeline] = Table()
        self.versions: Table[PipelineVersion] = Table()
        self.runs: Table[Run] = Table()
        self.recurring_runs: Table[RecurringRun] = Table()

    def default_experiment(self, namespace: str) -> Experiment:
        """The experiment of runs that name none; each namespace gets its own when needed."""
        for one in self.experiments.where(namespace=namespace, name=DEFAULT_EXPERIMENT):
            return one
        return self.experiments.save(
            Experiment(
                DEFAULT_EXPERIMENT,
                namespace,
                description="All runs created without specifying an experiment will be "
                "grouped here",
            )
        )

    def delete_pipeline(self, pipeline_id: str) -> None:
        """Remove a pipeline and all its versions."""
        for version in self.versions.where(pipeline_id=pipeline_id):
            del self.versions[version.id]
        del self.pipelines[pipeline_id]
