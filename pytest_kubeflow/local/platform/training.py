"""Training's objects: definitions, runtimes, webhooks and the certificates of these.

Facts: kubeflow/trainer v2.2.0, manifests/base; kubernetes-sigs/jobset v0.11.0, config/components.
Both operators make their certificates themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.platform.certificate import KeyPair, self_signed
from pytest_kubeflow.local.platform.components.component import Component
from pytest_kubeflow.local.platform.components.training import TRAINING_OPERATOR, jobset, trainer
from pytest_kubeflow.local.platform.webhook import registration
from pytest_kubeflow.local.training.jobset.labels import JOB_SET
from pytest_kubeflow.local.training.jobset.webhook import DEFAULTING as JOBSET_DEFAULTING
from pytest_kubeflow.local.training.jobset.webhook import PODS
from pytest_kubeflow.local.training.jobset.webhook import VALIDATING as JOBSET_VALIDATING
from pytest_kubeflow.local.training.operator.webhook import VALIDATED, path_of
from pytest_kubeflow.local.training.parts import FRAMEWORKS
from pytest_kubeflow.local.training.release import Release, definitions
from pytest_kubeflow.local.training.settings import TrainingSettings
from pytest_kubeflow.local.training.trainer.info import ANCESTOR, NODE, TRAINER
from pytest_kubeflow.local.training.trainer.webhook import DEFAULTING, VALIDATING

_GROUP = "trainer.kubeflow.org"
_VIEW = ["get", "list", "watch"]
_EDIT = ["create", "delete", "get", "list", "patch", "update", "watch"]
_VERBS = {"kubeflow-view": _VIEW, "kubeflow-edit": _EDIT, "kubeflow-admin": _EDIT}
_BOTH = ("CREATE", "UPDATE")


def training_objects(settings: TrainingSettings) -> Iterator[Object]:
    """What an installation has besides the operators: definitions first, then runtimes."""
    yield from settings.release.definitions
    if settings.operator:
        yield from definitions("operator-1.9")
    yield torch_distributed(settings.release)


def _public(release: Release) -> Iterator[Object]:
    """What everybody may know, in its namespace: SDKs ask which release this is."""
    if not release.tells_version:
        return
    rights = "rbac.authorization.k8s.io"
    metadata = {"name": "kubeflow-trainer-public", "namespace": "kubeflow-system"}
    yield {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": dict(metadata),
        "data": {"kubeflow_trainer_version": release.version},
    }
    rule = {
        "apiGroups": [""],
        "resources": ["configmaps"],
        "resourceNames": [metadata["name"]],
        "verbs": _VIEW,
    }
    yield {
        "apiVersion": f"{rights}/v1",
        "kind": "Role",
        "metadata": dict(metadata),
        "rules": [rule],
    }
    yield {
        "apiVersion": f"{rights}/v1",
        "kind": "RoleBinding",
        "metadata": dict(metadata),
        "roleRef": {"apiGroup": rights, "kind": "Role", "name": metadata["name"]},
        "subjects": [{"apiGroup": rights, "kind": "Group", "name": "system:authenticated"}],
    }


def with_rights(objects: Iterable[Object]) -> Iterator[Object]:
    """The objects, in which owners of profiles have rights to jobs of the older operator."""
    plurals = [one.resource.plural for one in FRAMEWORKS]
    for obj in objects:
        verbs = _VERBS.get(obj["metadata"]["name"]) if obj["kind"] == "ClusterRole" else None
        if verbs is None:
            yield obj
            continue
        group = {"apiGroups": ["kubeflow.org"]}
        own = {**group, "resources": plurals, "verbs": verbs}
        statuses = [f"{plural}/status" for plural in plurals]
        status = {**group, "resources": statuses, "verbs": ["get"]}
        yield {**obj, "rules": [*obj["rules"], own, status]}


def operator_objects() -> Iterator[Object]:
    """The older operator's Secret and configuration, which belong to each other."""
    pair = _pair(TRAINING_OPERATOR)
    yield _secret(TRAINING_OPERATOR, pair)
    name = "training-operator.kubeflow.org"
    webhooks = [
        registration(
            TRAINING_OPERATOR,
            pair,
            f"validator.{one.kind.lower()}.{name}",
            path_of(one),
            one.plural,
            group="kubeflow.org",
            version="v1",
            operations=_BOTH,
        )
        for one in VALIDATED
    ]
    yield _configuration("ValidatingWebhookConfiguration", f"validator.{name}", webhooks)


def torch_distributed(release: Release) -> Object:
    """The runtime for PyTorch that comes with a release."""
    container = {"name": NODE, "image": release.torch_image}
    job = {
        "metadata": {"labels": {ANCESTOR: TRAINER}},
        "spec": {"template": {"spec": {"containers": [container]}}},
    }
    replicated = {"name": NODE, "groupName": "default", "replicas": 1, "template": job}
    return {
        "apiVersion": f"{_GROUP}/v1alpha1",
        "kind": "ClusterTrainingRuntime",
        "metadata": {
            "name": "torch-distributed",
            "labels": {f"{_GROUP}/framework": "torch"},
        },
        "spec": {
            "mlPolicy": {"numNodes": 1, "torch": release.torch_policy},
            "template": {"spec": {"replicatedJobs": [replicated]}},
        },
    }


def trainer_objects(release: Release) -> Iterator[Object]:
    """What its namespace has: what everybody may know, a Secret, configurations that go with it."""
    yield from _public(release)
    component = trainer(release)
    pair = _pair(component)
    yield _secret(component, pair)
    make = partial(
        registration, component, pair, group=_GROUP, version="v1alpha1", operations=_BOTH
    )
    if release.has_defaulter:
        webhook = make(f"defaulter.trainjob.{_GROUP}", DEFAULTING, "trainjobs")
        name = f"defaulter.{_GROUP}"
        yield _configuration("MutatingWebhookConfiguration", name, [webhook])
    validators = [
        make(f"validator.{plural[:-1]}.{_GROUP}", path, plural)
        for plural, path in VALIDATING.items()
    ]
    name = f"validator.{_GROUP}"
    yield _configuration("ValidatingWebhookConfiguration", name, validators)


def jobset_objects(release: Release) -> Iterator[Object]:
    """JobSet's Secret and configurations, which belong to each other."""
    component = jobset(release)
    pair = _pair(component)
    yield _secret(component, pair)
    make = partial(registration, component, pair)
    own = {"group": "jobset.x-k8s.io", "version": "v1alpha2"}
    yield _configuration(
        "MutatingWebhookConfiguration",
        "jobset-mutating-webhook-configuration",
        [
            make("mjobset.kb.io", JOBSET_DEFAULTING, "jobsets", operations=("CREATE",), **own),
            {
                **make("mpod.kb.io", PODS, "pods", group="", version="v1", operations=("CREATE",)),
                "objectSelector": {"matchExpressions": [{"key": JOB_SET, "operator": "Exists"}]},
            },
        ],
    )
    yield _configuration(
        "ValidatingWebhookConfiguration",
        "jobset-validating-webhook-configuration",
        [make("vjobset.kb.io", JOBSET_VALIDATING, "jobsets", operations=_BOTH, **own)],
    )


def _pair(component: Component) -> KeyPair:
    (service,) = component.services
    name = f"{service}.{component.namespace}.svc"
    return self_signed((name, f"{name}.cluster.local"))


def _secret(component: Component, pair: KeyPair) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": component.secret, "namespace": component.namespace},
        "type": "Opaque",
        "data": pair.data,
    }


def _configuration(kind: str, name: str, webhooks: Sequence[Object]) -> Object:
    again = {"reinvocationPolicy": "Never"} if kind.startswith("Mutating") else {}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": name},
        "webhooks": [{**one, **again} for one in webhooks],
    }
