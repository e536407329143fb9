"""Rights: what the selected tests need to be allowed at the Kubernetes API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from pytest_kubeflow.cluster.base import KubernetesCluster
from pytest_kubeflow.cluster.checklist import Checklist
from pytest_kubeflow.cluster.namespace import NamespaceChoice
from pytest_kubeflow.errors import PermissionDenied
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.preflight import needs as need
from pytest_kubeflow.preflight.needs import Needs
from pytest_kubeflow.preflight.obstacles import Obstacles
from pytest_kubeflow.preflight.rbac import manifest, subject_of

RIGHTS = "rights"
REASON = "rights at Kubernetes that are missing"


@dataclass(frozen=True, slots=True)
class Right:
    """Verbs on one resource, and what they are for, to complete "for ..."."""

    verbs: tuple[str, ...]
    resource: str
    purpose: str
    needs: tuple[str, ...]
    """Tests that need one of these need this."""

    group: str = ""
    component: str | None = None
    """The component (or "istio") of which it is a resource, or the resource itself
    ("trainjobs.trainer.kubeflow.org"); None where every Kubernetes has it."""

    cluster_wide: bool = False
    """Whether the resource is in no namespace."""

    stops: bool = True
    """Whether tests cannot do without; otherwise failures only lack evidence."""

    @property
    def kind(self) -> str:
        """The resource with its group: "inferenceservices.serving.kserve.io"."""
        return f"{self.resource}.{self.group}" if self.group else self.resource


_OBJECT = ("create", "get", "list", "delete")
_RUN = (need.RUNS,)
_SERVED = (need.KSERVE,)
_NOTEBOOKS = (need.NOTEBOOKS,)
_VIEWERS = (need.PVC_VIEWERS,)
_TENSORBOARDS = (need.TENSORBOARDS,)
_KATIB = (need.KATIB,)
_WORKFLOWS = (need.WORKFLOWS,)
_TRAINING = (need.TRAINING,)
NEEDED = (
    Right(_OBJECT, "pods", "volumes and helper pods", (need.VOLUMES,)),
    Right(("get", "list"), "pods", "the evidence of failures", (*_RUN, *_SERVED), stops=False),
    Right(("get", "list"), "pods", "the states of notebooks", _NOTEBOOKS),
    Right(
        *(("get", "delete"), "persistentvolumeclaims", "the workspaces of notebooks", _NOTEBOOKS)
    ),
    Right(
        *((*_OBJECT, "patch"), "notebooks", "notebooks", _NOTEBOOKS),
        group="kubeflow.org",
        component="notebooks",
    ),
    Right(
        *(("get",), "statefulsets", "the reasons of notebooks without a pod", _NOTEBOOKS),
        group="apps",
        stops=False,
    ),
    Right(
        *(("get", "list"), "pods", "the states of viewers and TensorBoards"),
        (*_VIEWERS, *_TENSORBOARDS),
    ),
    Right(
        *(("get", "patch", "delete"), "persistentvolumeclaims", "volumes with viewers", _VIEWERS)
    ),
    Right(
        *(("get",), "pvcviewers", "viewers of volumes", _VIEWERS),
        group="kubeflow.org",
        component="pvcviewers",
    ),
    Right(
        *(_OBJECT, "tensorboards", "TensorBoards", _TENSORBOARDS),
        group="tensorboard.kubeflow.org",
        component="tensorboards",
    ),
    Right(
        *(("get",), "deployments", "the reasons of servers without a pod"),
        (*_VIEWERS, *_TENSORBOARDS),
        group="apps",
        stops=False,
    ),
    Right(
        *((*_OBJECT, "patch"), "experiments", "experiments", _KATIB),
        group="kubeflow.org",
        component="katib",
    ),
    Right(
        *(("list", "watch"), "trials", "the trials of experiments", _KATIB),
        group="kubeflow.org",
        component="katib",
    ),
    Right(
        *(("get",), "suggestions", "the values that experiments try", _KATIB),
        group="kubeflow.org",
        component="katib",
    ),
    Right(("get", "list"), "jobs", "the Jobs of trials", _KATIB, group="batch"),
    Right(("list",), "deployments", "the suggestion services", _KATIB, group="apps"),
    Right(("list",), "pods", "the pods of trials", _KATIB),
    Right(
        *((*_OBJECT, "patch"), "workflows", "Workflows by hand", _WORKFLOWS),
        group="argoproj.io",
        component="workflows",
    ),
    Right(("list",), "pods", "the pods of Workflows", _WORKFLOWS),
    Right(("get",), "pods/log", "the logs of Workflows", _WORKFLOWS),
    Right(("list",), "persistentvolumeclaims", "the claims of Workflows", _WORKFLOWS),
    *(
        Right(
            *((*_OBJECT, "patch"), plural, "training jobs", _TRAINING),
            group=group,
            component=f"{plural}.{group}",
        )
        for plural, group in (
            ("trainjobs", "trainer.kubeflow.org"),
            ("pytorchjobs", "kubeflow.org"),
        )
    ),
    Right(("list",), "pods", "the nodes of training jobs", _TRAINING),
    Right(("get",), "pods/log", "the logs of training jobs", _TRAINING),
    Right(("get",), "pods/log", "the logs of trials", _KATIB),
    Right(("get",), "pods/log", "the files on volumes", (need.VOLUMES,)),
    Right(("get",), "pods/log", "the logs of tasks", (*_RUN, *_SERVED), stops=False),
    Right(
        *(("get",), "pods/log", "the logs of notebooks and other servers"),
        (*_NOTEBOOKS, *_VIEWERS, *_TENSORBOARDS),
        stops=False,
    ),
    Right(_OBJECT, "persistentvolumeclaims", "volumes", (need.VOLUMES,)),
    Right(_OBJECT, "configmaps", "volumes", (need.VOLUMES,)),
    Right(("create", "patch", "delete"), "secrets", "what components get", (need.SECRETS,)),
    Right(("create", "patch", "delete"), "configmaps", "what components get", (need.CONFIG_MAPS,)),
    Right(
        *(("list",), "events", "evidence of what went wrong"),
        (
            need.VOLUMES,
            *_RUN,
            *_SERVED,
            *_NOTEBOOKS,
            *_VIEWERS,
            *_TENSORBOARDS,
            *_KATIB,
            *_WORKFLOWS,
            *_TRAINING,
        ),
        stops=False,
    ),
    Right(
        *(("get", "list", "watch"), "workflows", "the reasons of failed runs", _RUN),
        group="argoproj.io",
        component="workflows",
        stops=False,
    ),
    Right(_OBJECT, "secrets", "models in the object store", (need.MODELS,)),
    Right(_OBJECT, "serviceaccounts", "models in the object store", (need.MODELS,)),
    Right(("get",), "secrets", "the object store's keys", (need.KEYS,)),
    Right(
        *((*_OBJECT, "patch"), "inferenceservices", "served models", _SERVED),
        group="serving.kserve.io",
        component="kserve",
    ),
    Right(
        *(("create", "list", "delete"), "authorizationpolicies", "the way to predictors", _SERVED),
        group="security.istio.io",
        component="istio",
        stops=False,
    ),
    Right(("create",), "serviceaccounts/token", "tokens of service accounts", (need.TOKENS,)),
    Right(("list",), "nodes", "CPUs, memory and GPUs", (need.NODES, need.GPU), cluster_wide=True),
    Right(
        *(("create", "get", "delete"), "profiles", "a second profile", (need.SECOND_PROFILE,)),
        group="kubeflow.org",
        component="profiles",
        cluster_wide=True,
    ),
)
"""In the namespace to work in, or in the whole cluster."""


LOGIN = Right(("create",), "serviceaccounts/token", "the login by a token", (need.PIPELINES,))
"""For who has no other login than tokens of a service account, which Kubernetes makes."""


def check_rights(
    cluster: KubernetesCluster,
    choice: NamespaceChoice | None,
    needs: Needs,
    checks: Checklist,
    obstacles: Obstacles,
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
            for one in (*more, *NEEDED)
            if needs.want(*one.needs)
            and (one.component is None or one.component in components)
            and (choice is not None or one.cluster_wide)
        ]
        lacking = list(missing_rights(cluster.kubernetes, name, wanted))
        finding.told = f"all that the tests need {where}"
        if not lacking:
            return
        fix = manifest(_rules(lacking), name, subject_of(cluster.kubernetes))
        told = f"we may not, {where}: {described(lacking)}"
        for one in lacking:
            if one.stops:
                obstacles.add(one.needs, REASON)
        stopped = sum(obstacles.count(needs).values())
        if stopped and stopped == needs.count_where(bool):
            finding.fix = fix
            raise PermissionDenied(f"{told}: none of the {needs.total} selected tests can run")
        if stopped:
            told = f"{told}: {stopped} of {needs.total} selected tests cannot run"
        finding.warn(told, fix=fix)


def missing_rights(
    kubernetes: KubernetesClient, namespace: str | None, wanted: Iterable[Right]
) -> Iterator[Right]:
    """Those that we lack in `namespace` (None: in every one), with the verbs that we lack.

    Asked by SelfSubjectAccessReviews, which everybody may make.
    """
    allowed: dict[tuple[str, str, bool], bool] = {}

    def may(verb: str, right: Right) -> bool:
        key = verb, right.kind, right.cluster_wide
        if key not in allowed:
            place = None if right.cluster_wide else namespace
            allowed[key] = kubernetes.may(verb, right.resource, group=right.group, namespace=place)
        return allowed[key]

    for right in wanted:
        if verbs := tuple(verb for verb in right.verbs if not may(verb, right)):
            yield replace(right, verbs=verbs)


def described(lacking: Sequence[Right]) -> str:
    """One line: which rights are missing, and for what."""
    return "; ".join(
        f"{', '.join(one.verbs)} {one.kind}{' cluster-wide' if one.cluster_wide else ''} "
        f"({one.purpose})"
        for one in lacking
    )


def _rules(lacking: Sequence[Right]) -> dict[tuple[str, str, bool], list[str]]:
    """Verbs by group, resource and whether it is in no namespace."""
    rules: dict[tuple[str, str, bool], list[str]] = {}
    for one in lacking:
        verbs = rules.setdefault((one.group, one.resource, one.cluster_wide), [])
        verbs += [verb for verb in one.verbs if verb not in verbs]
    return rules
