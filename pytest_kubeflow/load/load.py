"""Load: one load that is over: its runs, what was measured, and their removal."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.listing import list_pages
from pytest_kubeflow.k8s.pods.run_pods import RUN_ID
from pytest_kubeflow.load.loaded_run import LoadedRun
from pytest_kubeflow.load.summary import LoadSummary
from pytest_kubeflow.pipelines.runs.view import RunView
from pytest_kubeflow.pipelines.tasks.workflow_nodes import WORKFLOWS
from pytest_kubeflow.waiting import Deadline, WaitTimeout, wait_until

_EXPLAINED = 3
"""So many failed runs are asked why; the others are counted."""

_AT_ONCE = 4


class Load:
    """What became of `runs`. `listing` gives all runs of this load that the pipelines API lists."""

    def __init__(
        self,
        runs: Sequence[LoadedRun],
        summary: LoadSummary,
        *,
        kubernetes: KubernetesClient,
        namespace: str,
        listing: Callable[[], list[RunView]],
    ) -> None:
        self.runs = runs
        self.summary = summary
        self._kubernetes = kubernetes
        self._namespace = namespace
        self._listing = listing

    @property
    def stopped(self) -> str:
        """Why it was ended early, in one sentence; empty if it was not."""
        return self.summary.stopped

    def failures(self) -> list[str]:
        """A sentence for each run that has not succeeded; of many the first, and how many more."""
        failed = [one for one in self.runs if one.state != "SUCCEEDED"]
        found = [one.why() for one in failed[:_EXPLAINED]]
        if more := len(failed) - len(found):
            found.append(f"and {more} more runs")
        return found

    def lost(self) -> list[str]:
        """The names of runs that were accepted, and that the pipelines API does not list."""
        return [one.name for one in self.runs if one.run is not None and one.view is None]

    def doubled(self) -> list[str]:
        """What there is more of than was submitted, in a sentence each."""
        ours = {one.run.run_id for one in self.runs if one.run is not None}
        times = Counter(view.run_id for view in self._listing())
        found = [f"run {one} is listed {count} times" for one, count in times.items() if count > 1]
        found += [f"run {one} is there, and was not submitted" for one in times if one not in ours]
        for run_id, names in self.workflows().items():
            if len(names) > 1:
                found.append(f"run {run_id} has {len(names)} Workflows: {', '.join(names)}")
        return found

    def workflows(self) -> Mapping[str, list[str]]:
        """The names of the Workflows that there are of its runs, by run."""
        return self._objects("apis/" + "/".join(WORKFLOWS[:2]), WORKFLOWS[2])

    def remove(self) -> None:
        """Remove all of its runs. Raises the first KubeflowError, after all were tried."""
        removable = [one.run for one in self.runs if one.run is not None]
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="load") as pool:
            begun = [pool.submit(run.delete) for run in removable]
        errors = [error for one in begun if (error := one.exception()) is not None]
        if errors:
            raise errors[0]

    def remaining(self, timeout: float) -> list[str]:
        """What is still there of its runs after `timeout` seconds at most."""
        with contextlib.suppress(WaitTimeout):
            return wait_until(
                self._there,
                lambda there: not there,
                deadline=Deadline.after(timeout),
                what="all of a load to be gone",
            )
        return self._there()

    def _there(self) -> list[str]:
        runs = [f"run {view.name}" for view in self._listing()]
        workflows = [f"Workflow {one}" for names in self.workflows().values() for one in names]
        pods = [f"pod {one}" for names in self._objects("api/v1", "pods").values() for one in names]
        return [*runs, *workflows, *pods]

    def _objects(self, api: str, plural: str) -> Mapping[str, list[str]]:
        ours = {one.run.run_id for one in self.runs if one.run is not None}
        path = f"/{api}/namespaces/{self._namespace}/{plural}"
        found: dict[str, list[str]] = {}
        pages = list_pages(
            self._kubernetes, path, f"list the {plural} of runs", label_selector=RUN_ID
        )
        for one in (one for page in pages for one in page):
            run_id = one["metadata"]["labels"][RUN_ID]
            if run_id in ours:
                found.setdefault(run_id, []).append(one["metadata"]["name"])
        return found
