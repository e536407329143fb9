"""The table of rights: what the tests need to be allowed, by their needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pytest_kubeflow.preflight import needs as need
from pytest_kubeflow.preflight.needs import Needs


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

    names: tuple[str, ...] = ()
    """The names of the objects, where they are known; empty: all."""

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
_FOREIGN = (need.SECOND_PROFILE, need.TOKENS)
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
        *(("create", "list", "delete"), "poddefaults", "PodDefaults", (need.POD_DEFAULTS,)),
        group="kubeflow.org",
        component="poddefaults.kubeflow.org",
    ),
    Right(("create",), "pods", "what PodDefaults make of a pod", (need.POD_DEFAULTS,)),
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
            ("tfjobs", "kubeflow.org"),
            ("mpijobs", "kubeflow.org"),
        )
    ),
    Right(
        *(_OBJECT, "trainingruntimes", "runtimes of tests, which fail at once", _TRAINING),
        group="trainer.kubeflow.org",
        component="trainingruntimes.trainer.kubeflow.org",
        stops=False,
    ),
    Right(("get",), "services", "the Services of TensorBoards", _TENSORBOARDS),
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
    Right(("get",), "namespaces", "the namespace itself", (need.NAMESPACE,), stops=False),
    *(
        Right(("get",), resource, "what runs find in a profile", _RUN, names=names, stops=False)
        for resource, names in (
            ("serviceaccounts", ("default-editor",)),
            ("secrets", ("mlpipeline-minio-artifact",)),
        )
    ),
    Right(
        *(("list",), "storageclasses", "the default storage class", (need.VOLUMES,)),
        group="storage.k8s.io",
        cluster_wide=True,
        stops=False,
    ),
    Right(
        *(("create", "list", "delete"), "configmaps", "the record that the session lives"),
        (need.NAMESPACE,),
        stops=False,
    ),
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
    *(
        Right(
            *(verbs, resource, "a second profile, which foreign accounts are of", _FOREIGN),
            group=group,
            component="profiles",
            cluster_wide=True,
            names=names,
            stops=False,
        )
        for verbs, resource, group, names in (
            (("create", "get", "delete"), "profiles", "kubeflow.org", ()),
            (("get",), "namespaces", "", ()),
            (("get",), "serviceaccounts", "", ("default-editor",)),
            (("create",), "serviceaccounts/token", "", ("default-editor", "default")),
            (("get",), "secrets", "", ("mlpipeline-minio-artifact",)),
            *(
                (("get",), "rolebindings", "rbac.authorization.k8s.io", (one,))
                for one in ("default-editor", "namespaceAdmin")
            ),
        )
    ),
)
"""In the namespace to work in, or in the whole cluster."""


LOGIN = Right(("create",), "serviceaccounts/token", "the login by a token", (need.PIPELINES,))
"""For who has no other login than tokens of a service account, which Kubernetes makes."""


_PIPELINES_GROUP = "pipelines.kubeflow.org"
_KEPT = ("create", "get", "list", "delete", "archive", "unarchive")
AT_PIPELINES = (
    Right(("list",), "experiments", "the pipelines API", (need.PIPELINES,), group=_PIPELINES_GROUP),
    Right(_KEPT, "experiments", "experiments of runs", _RUN, group=_PIPELINES_GROUP),
    Right((*_KEPT, "terminate", "retry"), "runs", "runs", _RUN, group=_PIPELINES_GROUP),
    Right(
        *(("create", "get", "list", "update", "delete"), "pipelines", "pipelines", _RUN),
        group=_PIPELINES_GROUP,
    ),
    Right(
        *(("list", "delete"), "jobs", "removing experiments with all that is in them", _RUN),
        group=_PIPELINES_GROUP,
    ),
    Right(
        *(("create", "get", "list", "delete", "enable", "disable"), "jobs", "recurring runs"),
        (need.RECURRING,),
        group=_PIPELINES_GROUP,
    ),
)
"""What the pipelines API asks Kubernetes about a service account whose token it is shown.

For who comes with such a token; who logs in at the gateway has them as that user. The resources are
in no discovery: backend/src/apiserver/common/const.go and
manifests/kustomize/base/installs/multi-user/view-edit-cluster-roles.yaml in kubeflow/pipelines.
"""

RuleKey = tuple[str, str, bool, tuple[str, ...]]
"""Group, resource, whether it is in no namespace (or in all), and the names of objects, if any."""

Rules = dict[RuleKey, list[str]]
"""The verbs of each."""


def wanted_by(needs: Needs, table: Iterable[Right] = NEEDED) -> Iterator[Right]:
    """Those that tests with these needs want, whatever the cluster has."""
    return (one for one in table if needs.want(*one.needs))


def rules_of(rights: Iterable[Right]) -> Rules:
    """Rules that allow these and nothing else."""
    rules: Rules = {}
    for one in rights:
        verbs = rules.setdefault((one.group, one.resource, one.cluster_wide, one.names), [])
        verbs += [verb for verb in one.verbs if verb not in verbs]
    return rules
