"""LoadTest: submits many runs at once, and follows them until all have ended or it is too much."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.listing import list_pages
from pytest_kubeflow.load.guard import Guard
from pytest_kubeflow.load.latencies import Latencies
from pytest_kubeflow.load.load import Load
from pytest_kubeflow.load.loaded_run import LoadedRun
from pytest_kubeflow.load.measuring import summarize
from pytest_kubeflow.load.moments import RunMoments
from pytest_kubeflow.load.plan import LoadPlan
from pytest_kubeflow.load.pulls import Pulls, pulls_of
from pytest_kubeflow.load.sampler import BEARABLE, Sampler
from pytest_kubeflow.load.summary import LoadSummary
from pytest_kubeflow.pipelines.client import pages, recent_runs
from pytest_kubeflow.pipelines.experiment import Experiment
from pytest_kubeflow.pipelines.packages.component_images import AS_THEY_ARE, ComponentImages
from pytest_kubeflow.pipelines.runs.access import RunAccess
from pytest_kubeflow.pipelines.runs.states import FINAL_STATES
from pytest_kubeflow.pipelines.runs.view import RunView
from pytest_kubeflow.pipelines.submission import Pipeline, PipelineRunner, Prepared, prepare
from pytest_kubeflow.pipelines.transport import policy_of
from pytest_kubeflow.retries.policy import outages_of
from pytest_kubeflow.waiting import Deadline

_PREFIX = "kf-load"


class LoadTest:
    """`load = load_test(pipeline, arguments=lambda number: {...})`: as many runs as planned.

    They are in the session's experiment, and `runner` removes them. `told` gets each summary.
    """

    def __init__(
        self,
        access: RunAccess,
        experiment: Experiment,
        runner: PipelineRunner,
        kubernetes: KubernetesClient,
        plan: LoadPlan,
        *,
        images: ComponentImages = AS_THEY_ARE,
        redact: Callable[[str], str] = str,
        on_summary: Callable[[LoadSummary], None],
    ) -> None:
        self.plan = plan
        self._access = access
        self._experiment = experiment
        self._runner = runner
        self._kubernetes = kubernetes
        self._images = images
        self._redact = redact
        self._on_summary = on_summary

    def __call__(
        self, pipeline: Pipeline, *, arguments: Callable[[int], Mapping[str, object]]
    ) -> Load:
        """Submit the runs, each with its own arguments, and wait until all have ended.

        It ends early, and says why in `stopped`, when a node is under pressure or no longer ready,
        an API refuses too many requests, or the plan's time is over: then nothing more is
        submitted, and what runs is terminated. Raises ConfigurationError for a pipeline or
        arguments that cannot work, before anything is made.
        """
        prefix = f"{_PREFIX}-{uuid.uuid4().hex[:8]}"
        prepared = self._prepare(pipeline, arguments, prefix)
        runs = [LoadedRun(number, one.arguments) for number, one in enumerate(prepared)]
        latencies, news = Latencies(), queue.SimpleQueue[None]()
        guard = Guard(self._nodes, latencies, self.plan)
        sampler = Sampler(
            self._kubernetes,
            self._access.namespace,
            guard,
            read=lambda: recent_runs(
                self._access.client, experiment_id=self._experiment.id, count=1
            ),
            alarm=lambda: news.put(None),
            period=self.plan.period,
        )
        deadline = self._access.bounded(Deadline.after(self.plan.seconds))
        _ = self._experiment.id  # made here if it was not: that is no part of a load
        began = time.monotonic()
        with self._measured(latencies):
            submitting = 0.0
            try:
                if not guard.look():
                    sampler.start()
                    self._submit(list(zip(runs, prepared, strict=True)), guard, deadline, news)
                    submitting = time.monotonic() - began
                    _wait(runs, guard, deadline, news)
            finally:
                sampler.stop()
        seconds = time.monotonic() - began
        stopped = guard.reason or guard.refusals() or self._late(runs, deadline)
        if stopped:
            self._terminate(runs)
        problem = self._look_back(runs, sampler, prefix)
        summary = summarize(
            runs,
            latencies,
            self._pulls(runs, sampler),
            seconds=seconds,
            submitting=submitting,
            stopped=self._redact(stopped or problem),
        )
        self._on_summary(summary)
        return Load(
            runs,
            summary,
            kubernetes=self._kubernetes,
            namespace=self._access.namespace,
            listing=lambda: self._listed(prefix),
        )

    def _prepare(
        self,
        pipeline: Pipeline,
        arguments: Callable[[int], Mapping[str, object]],
        prefix: str,
    ) -> list[Prepared]:
        """Compiled once, checked for each."""
        first = prepare(pipeline, arguments=arguments(0), name=prefix, images=self._images)
        others = (
            prepare(pipeline, arguments=arguments(number), name=prefix, package=first.package)
            for number in range(1, self.plan.runs)
        )
        return [first, *others]

    @contextlib.contextmanager
    def _measured(self, latencies: Latencies) -> Iterator[None]:
        """Inside, all requests to both APIs are counted."""
        policies = policy_of(self._access.client), self._kubernetes.retry_policy
        for policy in policies:
            policy.observer = latencies
        try:
            yield
        finally:
            for policy in policies:
                policy.observer = None

    def _submit(
        self,
        runs: Sequence[tuple[LoadedRun, Prepared]],
        guard: Guard,
        deadline: Deadline,
        news: queue.SimpleQueue[None],
    ) -> None:
        over = threading.Event()

        def submit(one: LoadedRun, prepared: Prepared) -> None:
            if over.is_set() or guard.reason or guard.refusals() or deadline.expired:
                return
            try:
                with outages_of(BEARABLE):
                    one.run = self._runner.start(prepared)
            except KubeflowError as error:
                one.refusal = error.message
            else:
                one.run.follow(partial(_ended, one, news))

        with ThreadPoolExecutor(self.plan.submitters, thread_name_prefix="load") as pool:
            try:
                for begun in [pool.submit(submit, *one) for one in runs]:
                    begun.result()
            finally:
                over.set()

    def _late(self, runs: Sequence[LoadedRun], deadline: Deadline) -> str:
        if not deadline.expired:
            return ""
        count = sum(one.run is None or not one.has_ended for one in runs)
        return f"after {deadline} {count} of {len(runs)} runs had not ended" if count else ""

    def _terminate(self, runs: Sequence[LoadedRun]) -> None:
        """As far as the API lets us: it may be what suffers. Whoever removes them tries again."""
        for one in runs:
            if one.run is not None and not one.has_ended:
                one.was_terminated = True
                with contextlib.suppress(KubeflowError), outages_of(BEARABLE):
                    one.run.terminate()

    def _look_back(self, runs: Sequence[LoadedRun], sampler: Sampler, prefix: str) -> str:
        """What the API lists of the runs, and what their pods did when; why, if it lists none."""
        problem = ""
        views: Mapping[str, RunView] = {}
        try:
            views = {view.run_id: view for view in self._listed(prefix)}
        except KubeflowError as error:
            problem = error.message
        pods = sampler.pods()
        for one in runs:
            if one.run is None:
                continue
            one.view = view = views.get(one.run.run_id)
            created, ended = (view.created, view.ended) if view is not None else (None, None)
            ended = ended if one.state in FINAL_STATES else None
            one.moments = RunMoments(created, ended, pods.get(one.run.run_id, ()))
        return problem

    def _pulls(self, runs: Sequence[LoadedRun], sampler: Sampler) -> Pulls:
        """Events are kept for an hour at most, and may not be read everywhere: none, then."""
        ours = frozenset(one.run.run_id for one in runs if one.run is not None)
        path = f"/api/v1/namespaces/{self._access.namespace}/events"
        try:
            listed = list_pages(
                self._kubernetes, path, "list events", field_selector="reason=Pulled"
            )
            return pulls_of((one for page in listed for one in page), sampler.uids(ours))
        except KubeflowError:
            return Pulls()

    def _nodes(self) -> Iterator[Mapping[str, Any]]:
        for page in list_pages(self._kubernetes, "/api/v1/nodes", "list nodes"):
            yield from page

    def _listed(self, prefix: str) -> list[RunView]:
        client = self._access.client
        listed = pages(client.list_runs, "runs", experiment_id=self._experiment.id)
        return [view for view in map(RunView.of, listed) if view.name.startswith(prefix)]


def _ended(one: LoadedRun, news: queue.SimpleQueue[None]) -> None:
    one.has_ended = True
    news.put(None)


def _wait(
    runs: Sequence[LoadedRun],
    guard: Guard,
    deadline: Deadline,
    news: queue.SimpleQueue[None],
) -> None:
    """Until all that were submitted have ended, or something of the cluster is seen to suffer."""
    open_runs = sum(one.run is not None for one in runs)
    while open_runs and not guard.reason:
        try:
            news.get(timeout=deadline.remaining())
        except queue.Empty:
            return
        open_runs -= 1
