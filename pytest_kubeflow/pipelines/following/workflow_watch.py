"""WorkflowWatch: hears from Kubernetes that a run's Workflow has ended, before the API says so.

What it hears is a hint to ask the API, not the answer: the persistence agent copies the state into
the API some seconds later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pytest_kubeflow.k8s.objects.watch import ObjectWatch
from pytest_kubeflow.k8s.pods.run_pods import RUN_ID

_ENDED = frozenset({"Succeeded", "Failed", "Error"})


def no_matter(_run_id: str, _is_there: bool, /) -> None:
    """Do nothing about a Workflow that has come or gone."""


class WorkflowWatch(ObjectWatch):
    """Listens until `stop`. `ended(run_id)` is called from its thread.

    So is `seen(run_id, is_there)` with each event: whether the run still has its Workflow.
    """

    def __init__(
        self,
        open_watch: Callable[[], Any],
        ended: Callable[[str], None],
        seen: Callable[[str, bool], None] = no_matter,
    ) -> None:
        self._ended = ended
        self._seen = seen
        super().__init__(open_watch, self._heard, name="workflow-watch")

    def _heard(self, event: Mapping[str, Any]) -> None:
        workflow = event.get("object") or {}
        run_id = (workflow.get("metadata", {}).get("labels") or {}).get(RUN_ID)
        gone = event.get("type") == "DELETED"
        if run_id:
            self._seen(run_id, not gone)
        if run_id and (gone or (workflow.get("status") or {}).get("phase") in _ENDED):
            self._ended(run_id)
