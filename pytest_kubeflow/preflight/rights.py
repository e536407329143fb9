"""Rights at the Kubernetes API: which of those that the selected tests need we lack."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from pytest_kubeflow.cluster.base import KubernetesCluster
from pytest_kubeflow.cluster.checklist import Checklist
from pytest_kubeflow.cluster.namespace import NamespaceChoice
from pytest_kubeflow.errors import PermissionDenied
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.preflight.needs import Needs
from pytest_kubeflow.preflight.rbac import manifest, subject_of
from pytest_kubeflow.preflight.rightstable import Right, rules_of, wanted_by
from pytest_kubeflow.preflight.unmet_needs import UnmetNeeds

RIGHTS = "rights"
REASON = "rights at Kubernetes that are missing"


def check_rights(
    cluster: KubernetesCluster,
    choice: NamespaceChoice | None,
    needs: Needs,
    checks: Checklist,
    unmet: UnmetNeeds,
    *,
    more: Sequence[Right] = (),
) -> None:
    """Ask for each right that a selected test needs, and show the RBAC that gives missing ones.

    Raises PermissionDenied where no selected test can do what it is for.
    """
    with checks.check(RIGHTS) as finding:
        name = choice.name if choice is not None else None
        where = f"in {name}" if name else "in a new namespace" if choice else "in the cluster"
        there = cluster.capabilities
        components = {*there.components, *there.custom_resources}
        if there.ingress == "istio":
            components.add("istio")
        wanted = [
            one
            for one in (*more, *wanted_by(needs))
            if (one.component is None or one.component in components)
            and (choice is not None or one.cluster_wide)
        ]
        lacking = list(missing_rights(cluster.kubernetes, name, wanted))
        finding.message = f"all that the tests need {where}"
        if not lacking:
            return
        fix = manifest(rules_of(lacking), name, subject_of(cluster.kubernetes))
        message = f"we may not, {where}: {described(lacking)}"
        for one in lacking:
            if one.stops:
                unmet.add(one.needs, REASON)
        stopped = sum(unmet.count(needs).values())
        if stopped and stopped == needs.count_where(bool):
            finding.fix = fix
            raise PermissionDenied(f"{message}: none of the {needs.total} selected tests can run")
        if stopped:
            message = f"{message}: {stopped} of {needs.total} selected tests cannot run"
        finding.warn(message, fix=fix)


def missing_rights(
    kubernetes: KubernetesClient, namespace: str | None, wanted: Iterable[Right]
) -> Iterator[Right]:
    """Those that we lack in `namespace` (None: in every one), with the verbs that we lack.

    Asked by SelfSubjectAccessReviews, which everybody may make.
    """
    allowed: dict[tuple[str, str, bool, str], bool] = {}

    def may(verb: str, right: Right) -> bool:
        return all(may_one(verb, right, name) for name in right.names or ("",))

    def may_one(verb: str, right: Right, name: str) -> bool:
        key = verb, right.kind, right.cluster_wide, name
        if key not in allowed:
            place = None if right.cluster_wide else namespace
            allowed[key] = kubernetes.may(
                verb, right.resource, group=right.group, namespace=place, name=name
            )
        return allowed[key]

    for right in wanted:
        if verbs := tuple(verb for verb in right.verbs if not may(verb, right)):
            yield replace(right, verbs=verbs)


def described(lacking: Sequence[Right]) -> str:
    """One line: which rights are missing, and for what."""
    return "; ".join(
        f"{', '.join(one.verbs)} {one.kind}{_named(one)}"
        f"{' cluster-wide' if one.cluster_wide else ''} "
        f"({one.purpose})"
        for one in lacking
    )


def _named(one: Right) -> str:
    return f" {', '.join(one.names)}" if one.names else ""
