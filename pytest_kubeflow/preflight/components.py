"""What the cluster has, and which of the selected tests will not find what they need."""

from __future__ import annotations

from pytest_kubeflow.cluster.base import KubernetesCluster
from pytest_kubeflow.cluster.capabilities import sought
from pytest_kubeflow.cluster.checklist import Checklist
from pytest_kubeflow.cluster.cluster import Cluster
from pytest_kubeflow.cluster.versions import controller_versions, pipelines_version
from pytest_kubeflow.config.components import missing
from pytest_kubeflow.errors import ComponentMissing, KubeflowError
from pytest_kubeflow.preflight.needs import Needs
from pytest_kubeflow.preflight.unmet_needs import UnmetNeeds

COMPONENTS, TESTS = "components", "selected tests"


def check_components(cluster: KubernetesCluster, checks: Checklist) -> None:
    """List the components, with their versions as far as they are told."""
    with checks.check(COMPONENTS) as finding:
        there = ", ".join(sorted(cluster.capabilities.components))
        versions = {**_pipelines(cluster), **controller_versions(cluster)}
        listed = ", ".join(f"{part} {version}" for part, version in versions.items())
        finding.message = f"{there or 'none'} ({listed})" if versions else there or "none"


def check_tests(
    cluster: KubernetesCluster, needs: Needs, checks: Checklist, unmet: UnmetNeeds
) -> None:
    """Say which selected tests will not run. Raises ComponentMissing for what --kf-require names.

    That holds for whatever keeps the tests of such a component from running.
    """
    if needs.tests is None and not cluster.config.session.require:
        checks.skip(TESTS, "not known: whatever tests may need was checked")
        return
    with checks.check(TESTS) as finding:
        asked = cluster.config.session.require
        required = {
            name: counted
            for name in asked
            if name not in cluster.config.session.allow_skip
            and (counted := unmet.of_component(name, needs))
        }
        if required:
            names = "; ".join(
                f"{name}: {_listed(counted)}{_looked_for(name, counted)}"
                for name, counted in required.items()
            )
            raise ComponentMissing(
                f"{cluster.config.described('require')}, and what that needs is not there: {names}"
            )
        if needs.tests is None:
            finding.message = f"not known; what is required is there: {', '.join(asked)}"
            return
        blocked = unmet.count(needs)
        if blocked:
            finding.warn(
                f"{sum(blocked.values())} of {needs.total} will not run: {_listed(blocked)}"
            )
        else:
            finding.message = f"{needs.total}, and nothing that they need is known to be missing"


def _looked_for(component: str, counted: dict[str, int]) -> str:
    """What was looked for, where it is the component itself that is missing."""
    return f" ({sought(component)})" if missing(component) in counted else ""


def _listed(counted: dict[str, int]) -> str:
    """Reasons with the number of tests that each stops, the most first."""
    ordered = sorted(counted.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{why} ({number})" if number else why for why, number in ordered)


def _pipelines(cluster: KubernetesCluster) -> dict[str, str]:
    if not isinstance(cluster, Cluster):
        return {}
    try:
        return {"Kubeflow Pipelines": pipelines_version(cluster)}
    except (KubeflowError, ValueError):
        return {}
