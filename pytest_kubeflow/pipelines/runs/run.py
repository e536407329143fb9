"""PipelineRun: one run of a pipeline, to be waited for and read."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from pytest_kubeflow.errors import Evidence, KubeflowError, NotFound, RunFailed, RunMismatch
from pytest_kubeflow.k8s.pods.run_pods import RunPods
from pytest_kubeflow.k8s.volumes.volume import Volume
from pytest_kubeflow.objectstore.bucket import Bucket
from pytest_kubeflow.pipelines.outputs.source import UnreadOutputs
from pytest_kubeflow.pipelines.packages.package import Package
from pytest_kubeflow.pipelines.runs.access import RunAccess
from pytest_kubeflow.pipelines.runs.actions import RunActions
from pytest_kubeflow.pipelines.runs.evidence import blamed, run_evidence, verdict
from pytest_kubeflow.pipelines.runs.pod_phases import PodPhase, pod_phases
from pytest_kubeflow.pipelines.runs.resources import Resources
from pytest_kubeflow.pipelines.runs.states import FINAL_STATES, expected_states
from pytest_kubeflow.pipelines.runs.view import RunView
from pytest_kubeflow.pipelines.tasks.task import Task, find_task, pipeline_outputs
from pytest_kubeflow.pipelines.verification import (
    Reading,
    Submitted,
    other_run,
    ran_package,
    unaccounted,
)
from pytest_kubeflow.provenance import READ
from pytest_kubeflow.retries.evidence import EVIDENCE, reading_evidence
from pytest_kubeflow.waiting import Deadline


class PipelineRun:
    """A submitted run. What it tells is asked for when it is read, until the run has ended."""

    def __init__(
        self,
        access: RunAccess,
        view: RunView,
        submitted: Submitted | None,
        resources: Resources | None = None,
    ) -> None:
        self._access = access
        self._view = view
        self._submitted = submitted
        self._resources = resources or Resources()
        self._reading: Reading | None = None
        self._contradiction: str | None = None
        self._was_terminated = False
        self._actions = RunActions(
            access.client, view.run_id, view.name, lambda: access.view(view.run_id).state
        )
        kubernetes = access.kubernetes
        self._pods = (
            None if kubernetes is None else RunPods(kubernetes, access.namespace, view.run_id)
        )

    def __repr__(self) -> str:
        return f"PipelineRun({self.name!r}, {self._view.state or 'PENDING'})"

    @property
    def run_id(self) -> str:
        """The run's id in KFP."""
        return self._view.run_id

    @property
    def name(self) -> str:
        """The run's name, unique."""
        return self._view.name

    @property
    def namespace(self) -> str:
        """Where its pods are."""
        return self._access.namespace

    @property
    def url(self) -> str:
        """Its page, for people."""
        return self._access.url_of(self.run_id)

    @property
    def state(self) -> str:
        """PENDING, RUNNING, SUCCEEDED, SKIPPED, FAILED, CANCELING, CANCELED or PAUSED."""
        return self._refreshed().state or "PENDING"

    @property
    def ended(self) -> bool:
        """Whether it is in a state that it will not leave."""
        return self.state in FINAL_STATES

    @property
    def pending_reason(self) -> str:
        """What keeps one of its tasks from starting now, in Kubernetes' words; "" if nothing does.

        It may still mend itself: `wait` fails by what has not within --kf-start-timeout.
        """
        return self._access.watcher.pending_reason(self.run_id)

    def wait(
        self, timeout: float | None = None, *, expect: str | tuple[str, ...] = "SUCCEEDED"
    ) -> PipelineRun:
        """Wait until it has ended, `timeout` seconds at most (--kf-timeout); returns the run.

        After `terminate`, CANCELED stands for FAILED too: that is how backends that run it as a
        Workflow of Argo end it. Raises RunFailed if it ended in another state than `expect`;
        RunMismatch if it is not the run that was submitted, or its tasks do not account for its
        end; WaitTimeout. All come with the evidence.
        """
        deadline = Deadline.after(self._access.timeout if timeout is None else timeout)
        return self.wait_until(deadline, expect=expect)

    def wait_until(
        self, deadline: Deadline, *, expect: str | tuple[str, ...] = "SUCCEEDED"
    ) -> PipelineRun:
        """The same with a deadline."""
        wanted = expected_states(expect)
        deadline = self._access.bounded(deadline)
        if self._view.state not in FINAL_STATES:
            self._view = self._access.watcher.wait(
                self._view, deadline=deadline, evidence=self.evidence, cause=self._cause
            )
        if self._was_terminated and "CANCELED" in wanted:
            wanted = (*wanted, "FAILED")
        if self._view.state not in wanted:
            raise RunFailed(self._failure(wanted), evidence=self.evidence())
        if found := self._contradicted():
            raise RunMismatch(found, evidence=self.evidence())
        return self

    def follow(self, ended: Callable[[], None]) -> None:
        """Call `ended` once when it has ended, is deleted, or cannot be followed any more."""
        self._access.watcher.follow(self._view, ended=ended)

    @property
    def tasks(self) -> list[Task]:
        """All tasks, also those of nested DAGs, in the order in which they began."""
        return [*self._read().tasks]

    def task(self, name: str) -> Task:
        """The task with this key in the compiled pipeline ("square-2"), or this display name.

        A task in a nested DAG is found by its key where that is the only one, or "dag/key".
        """
        task = find_task(self.tasks, name)
        READ.note_all(task.outputs.values(), f"task {task.label} of run {self.name}")
        return task

    @property
    def outputs(self) -> dict[str, Any]:
        """The output parameters of the pipeline itself; a single one is called "Output"."""
        package = ran_package(self._refreshed(), self._submitted)
        if package is None:
            raise NotFound(f"run {self.name} tells no pipeline specification, so no outputs")
        tasks = self.tasks
        outputs = pipeline_outputs(package, tasks)
        unread = next((task.unread for task in tasks if task.unread), "")
        READ.note_all((outputs, *outputs.values()), f"run {self.name}")
        return UnreadOutputs(outputs, f"run {self.name}", unread) if unread else outputs

    def document(self) -> Any:
        """What the API tells of it now, as plain data with the API's own names."""
        return self._access.document(self.run_id)

    @property
    def package(self) -> Package | None:
        """The compiled pipeline that ran, as the API tells it or as it was submitted."""
        return ran_package(self._refreshed(), self._submitted)

    def pod_phases(self) -> Mapping[str, tuple[PodPhase, ...]]:
        """What its pods did when, by their names; empty without a Kubernetes API."""
        return {} if self._pods is None else pod_phases(self._pods.lately())

    def volume(self, argument: str) -> Volume:
        """The volume that was made for `argument`."""
        return self._resources.volume(argument)

    def bucket(self, argument: str) -> Bucket:
        """The bucket that was made for `argument`."""
        return self._resources.bucket(argument)

    @property
    def made(self) -> list[str]:
        """What is on the cluster because of it: itself, and the volumes and buckets made for it."""
        return [
            f"run {self.name}: {self.url}",
            *(f"claim {self.namespace}/{one.name}" for one in self._resources.volumes.values()),
            *(f"objects below {one.path}" for one in self._resources.buckets.values()),
        ]

    def terminate(self) -> None:
        """Ask KFP to stop it; `wait(expect="CANCELED")` waits until it has ended.

        Its state is FAILED then where KFP runs it as a Workflow of Argo (2.17, some 20 s after the
        request), and CANCELED elsewhere.
        """
        self._actions.terminate()
        self._was_terminated = True

    def retry(self) -> None:
        """Have KFP begin again what has failed; what has succeeded is not run again.

        The run is followed anew: `wait` waits for its next end. Raises KubeflowError, with KFP's
        words, for a run that has not failed.
        """
        self._actions.retry()
        self._access.watcher.forget(self.run_id)
        self._reading = self._contradiction = None
        self._was_terminated = False
        self._view = self._access.view(self.run_id)

    @property
    def archived(self) -> bool:
        """Whether it is among the archived runs now."""
        return self._access.view(self.run_id).archived

    def archive(self) -> None:
        """Take it out of the lists of available runs: it stays as it is, and can be read."""
        self._actions.archive()

    def unarchive(self) -> None:
        """Put it back. Raises KubeflowError for a run of an archived experiment."""
        self._actions.unarchive()

    def delete(self) -> None:
        """Stop it if it still runs, and remove it with its pods, volumes and buckets.

        Everything is tried; the first error is raised at the end.
        """
        errors: list[KubeflowError] = []
        for step in (
            self._stop,
            self._delete_run,
            *(volume.delete for volume in self._resources.volumes.values()),
            *(bucket.delete for bucket in self._resources.buckets.values()),
        ):
            try:
                step()
            except NotFound:
                continue
            except KubeflowError as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def _stop(self) -> None:
        if not self.ended:
            self.terminate()

    def _delete_run(self) -> None:
        self._access.watcher.forget(self.run_id)
        self._actions.delete()
        if (package := ran_package(self._view, self._submitted)) is not None:
            self._access.deleted(package.name, self.run_id)

    @reading_evidence()
    def evidence(self) -> Evidence:
        """Everything that is known of it now: states, pods, events, last log lines."""
        view = self._view
        if EVIDENCE.is_spent:
            last = ("state", f"{view.state or 'PENDING'} {view.error}".rstrip())
            return Evidence(
                f"run {self.name} ({self.run_id})", (last, ("evidence", f"({EVIDENCE.reason})"))
            )
        with contextlib.suppress(KubeflowError):
            view = self._refreshed()
        return run_evidence(
            view,
            lambda: self._seen(view).tasks,
            kubernetes=self._access.kubernetes,
            namespace=self.namespace,
            pods=self._pods,
        )

    def _seen(self, view: RunView) -> Reading:
        """Its tasks now, each with its reason; those of an ended run are read once."""
        if view.state in FINAL_STATES:
            return self._read()
        return self._read_tasks(view, explain=True)

    def _refreshed(self) -> RunView:
        if self._view.state not in FINAL_STATES:
            self._view = self._access.view(self.run_id)
        return self._view

    def _read(self) -> Reading:
        if self._reading is not None:
            return self._reading
        view = self._refreshed()
        reading = self._read_tasks(view, explain=view.state in FINAL_STATES - {"SUCCEEDED"})
        if view.state in FINAL_STATES:
            self._reading = reading
        return reading

    def _read_tasks(self, view: RunView, *, explain: bool) -> Reading:
        package = ran_package(view, self._submitted)
        reading = self._access.read_tasks(view, package)
        if not explain:
            return reading
        explained = self._access.reasons(self.run_id).explain(reading.tasks)
        return Reading(explained, reading.complete)

    def _contradicted(self) -> str:
        """One sentence, if what the cluster says of the run contradicts that it is this one."""
        if self._contradiction is None:
            self._contradiction = self._look_for_contradictions()
        return self._contradiction

    def _look_for_contradictions(self) -> str:
        view, submitted = self._view, self._submitted
        if submitted is None:
            return ""
        if view.pipeline_spec is None and view.version is None:
            with contextlib.suppress(KubeflowError):  # lists need not tell it
                view = self._access.view(self.run_id)
        if message := other_run(submitted, view, self._access.version_package):
            return f"run {self.name} is not the one that was submitted: {message}"
        package = ran_package(view, submitted) or submitted.package
        arguments = view.arguments or submitted.arguments
        message = unaccounted(package, view, arguments, self._read)
        return f"run {self.name} ended {view.state}, but {message}" if message else ""

    @reading_evidence()
    def _cause(self) -> str:
        """What it waits for, as far as that is known: for the sentence of a timeout."""
        try:
            tasks = blamed(self._read_tasks(self._view, explain=True).tasks)
        except KubeflowError:
            return ""
        return verdict(tasks[0]) if tasks else self._access.reasons(self.run_id).run

    @reading_evidence()
    def _failure(self, wanted: tuple[str, ...]) -> str:
        """One sentence: which task, why, its last lines."""
        stopped = "was terminated and " if self._was_terminated else ""
        ended = f"run {self.name} {stopped}ended {self._view.state}, not {' or '.join(wanted)}"
        try:
            tasks = blamed(self.tasks)
        except KubeflowError as error:
            return f"{ended}: {self._view.error or error.message}"
        if not tasks:
            why = self._view.error or self._access.reasons(self.run_id).run
            return f"{ended}: {why}" if why else ended
        task = tasks[0]
        return f"{ended}: {verdict(task)}"
