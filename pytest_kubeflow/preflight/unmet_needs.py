"""UnmetNeeds: what keeps selected tests from running, as far as it is known before the first."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_kubeflow.cluster.base import KubernetesCluster
from pytest_kubeflow.cluster.checklist import Checklist, State
from pytest_kubeflow.cluster.kubernetes import KUBERNETES
from pytest_kubeflow.config.components import COMPONENTS, missing
from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.preflight import needs as need
from pytest_kubeflow.preflight.needs import Needs
from pytest_kubeflow.preflight.store import STORE

AT_KUBERNETES = (
    *(need.KUBERNETES, need.VOLUMES, need.KSERVE, need.GPU, need.MODELS, need.NODES),
    *(need.TOKENS, need.SECOND_PROFILE, need.NOTEBOOKS),
)
"""What cannot be done without access to Kubernetes."""


class UnmetNeeds:
    """The first reason against each need."""

    def __init__(self) -> None:
        self._reasons: dict[str, str] = {}

    @classmethod
    def of_kubernetes(
        cls, cluster: KubernetesCluster, needs: Needs, checks: Checklist
    ) -> UnmetNeeds:
        """Those that want of access to Kubernetes is; a warning says what that means."""
        unmet = cls()
        if cluster.kubernetes.is_configured:
            return unmet
        unmet.add(AT_KUBERNETES, "no access to Kubernetes")
        lost = (
            f"{needs.describe(*AT_KUBERNETES)} cannot run"
            if needs.count(*AT_KUBERNETES)
            else "volumes, models, GPUs and nodes cannot be tested"
            if needs.tests is None
            else "no selected test needs it"
        )
        with checks.check(KUBERNETES) as finding:
            finding.warn(
                f"there is no access to Kubernetes: {lost}, and failures lack the evidence of pods "
                "and events; give --kf-kubeconfig=FILE"
            )
        return unmet

    def add(self, needs: Iterable[str], reason: str) -> None:
        """These needs are not met, for this reason."""
        for one in needs:
            self._reasons.setdefault(one, reason)

    def note_store(self, checks: Checklist) -> None:
        """Add what the check of the object store has found."""
        found = next((one for one in checks.findings if one.check == STORE), None)
        if found is None or found.state is not State.OK:
            self.add((need.OBJECTSTORE, need.KEYS), "no object store")

    def note_components(self, cluster: KubernetesCluster, needs: Needs) -> None:
        """Add the components that selected tests or --kf-require ask for, and that are missing."""
        for name in COMPONENTS:
            if name in self._reasons:
                continue
            if needs.count(name) or name in cluster.config.session.require:
                try:
                    there = cluster.has(name)
                except KubeflowError as error:
                    self.add((name,), f"whether there is {name} cannot be told: {error.message}")
                else:
                    if not there:
                        self.add((name,), missing(name))

    def against(self, test: Iterable[str]) -> str | None:
        """Why a test with these needs cannot run; None if it can, as far as is known."""
        wanted = set(test)
        return next((why for one, why in self._reasons.items() if one in wanted), None)

    def count(self, needs: Needs) -> dict[str, int]:
        """How many tests cannot run, by the first reason against each."""
        counted: dict[str, int] = {}
        for test, number in (needs.tests or {}).items():
            if (why := self.against(test)) is not None:
                counted[why] = counted.get(why, 0) + number
        return counted

    def of_component(self, component: str, needs: Needs) -> dict[str, int]:
        """How many tests of `component` cannot run, by reason; 0 if it is missing and unasked."""
        tests = {test: n for test, n in (needs.tests or {}).items() if component in test}
        counted = self.count(Needs(tests))
        if not counted and component in self._reasons:
            return {self._reasons[component]: 0}
        return counted
