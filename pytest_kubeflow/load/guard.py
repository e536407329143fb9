"""Guard: says when the cluster suffers, by its nodes' conditions and its APIs' refusals.

Conditions: https://kubernetes.io/docs/reference/node/node-status/#condition
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.k8s.objects.conditions import conditions_of, holds
from pytest_kubeflow.load.latencies import Latencies
from pytest_kubeflow.load.plan import LoadPlan

PRESSURES = ("MemoryPressure", "DiskPressure", "PIDPressure")

Node = Mapping[str, Any]


class Guard:
    """`look` asks now; `reason` is what was seen first, and stays. One thread calls `look`.

    A node that was not ready before is no sign, nor is one that joins: it has to have been ready.
    One at least has to be.
    `nodes` gives them as plain objects, and raises KubeflowErrors.
    """

    def __init__(
        self, nodes: Callable[[], Iterable[Node]], latencies: Latencies, plan: LoadPlan
    ) -> None:
        self._nodes = nodes
        self._latencies = latencies
        self._plan = plan
        self._ready: set[str] = set()
        self.reason = ""
        """One sentence; empty while the cluster bears it."""

    def look(self) -> str:
        """Look now; the reason, if there is one."""
        if not self.reason:
            self.reason = self._of_nodes() or self.refusals()
        return self.reason

    def refusals(self) -> str:
        """Which API refuses too much, by the requests so far; this asks nobody."""
        plan = self._plan
        return self._latencies.worst(share=plan.refused_share, least=plan.least_requests)

    def _of_nodes(self) -> str:
        try:
            nodes = list(self._nodes())
        except KubeflowError as error:
            return f"the nodes cannot be watched: {error.message}"
        for node in nodes:
            name = str(node["metadata"]["name"])
            told = {one.type: one for one in conditions_of(node)}
            for pressure in PRESSURES:
                if (found := told.get(pressure)) is not None and found.is_true:
                    why = f" ({found.message or found.reason})" if found.reason else ""
                    return f"node {name} says {pressure}{why}"
            if holds(node, "Ready"):
                self._ready.add(name)
            elif name in self._ready and not node["metadata"].get("deletionTimestamp"):
                ready = told.get("Ready")
                why = (ready.message or ready.reason) if ready is not None else ""
                return f"node {name} is NotReady, and was ready{f': {why}' if why else ''}"
        if not any(holds(node, "Ready") for node in nodes):
            return f"none of {len(nodes)} nodes is ready"
        return ""
