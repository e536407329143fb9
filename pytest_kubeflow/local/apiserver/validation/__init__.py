"""What the API server refuses before it stores anything: a function for each kind, and one table.

Each function gives the causes of a refusal: the field, the machine-readable reason, the words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pytest_kubeflow.local.apiserver import podsecurity
from pytest_kubeflow.local.apiserver.errors import Object, invalid
from pytest_kubeflow.local.apiserver.resources import ResourceType
from pytest_kubeflow.local.apiserver.validation import (
    access,
    cluster,
    configuration,
    jobs,
    pods,
    services,
    storage,
    workloads,
)
from pytest_kubeflow.local.apiserver.validation.causes import Cause, bad
from pytest_kubeflow.local.apiserver.validation.metadata import metadata, metadata_update

Check = Callable[[Object], Iterator[Cause]]
Update = Callable[[Object, Object], Iterator[Cause]]


def validate(kind: ResourceType, obj: Object, old: Object | None = None) -> None:
    """Raise StatusError 422 that names everything wrong with an object.

    `old` is what it takes the place of, None for a new one.
    """
    causes = list(metadata(kind, obj))
    if (check := _CHECKS.get(kind.type)) is not None:
        causes += check(obj)
    if old is None and (new := _CREATES.get(kind.type)) is not None:
        causes += new(obj)
    if old is not None:
        causes += metadata_update(obj, old)
        if (update := _UPDATES.get(kind.type)) is not None:
            causes += update(obj, old)
    if causes:
        raise invalid(kind.group, kind.kind, obj["metadata"]["name"], causes)


def _namespace(obj: Object) -> Iterator[Cause]:
    for label, message in podsecurity.check_labels(obj):
        yield bad(f"metadata.labels[{label}]", obj["metadata"]["labels"][label], message)


_RBAC, _STORAGE = "rbac.authorization.k8s.io", "storage.k8s.io"
_CHECKS: dict[tuple[str, str], Check] = {
    ("", "configmaps"): configuration.config_map,
    ("", "endpoints"): services.endpoints,
    ("", "namespaces"): _namespace,
    ("", "persistentvolumeclaims"): storage.claim,
    ("", "persistentvolumes"): storage.volume,
    ("", "pods"): pods.pod,
    ("", "secrets"): configuration.secret,
    ("", "services"): services.service,
    ("apps", "daemonsets"): workloads.replicated,
    ("apps", "deployments"): workloads.deployment,
    ("apps", "replicasets"): workloads.replicated,
    ("apps", "statefulsets"): workloads.stateful_set,
    ("batch", "cronjobs"): jobs.cron_job,
    ("batch", "jobs"): jobs.job,
    ("discovery.k8s.io", "endpointslices"): services.endpoint_slice,
    ("networking.k8s.io", "ingresses"): services.ingress,
    ("policy", "poddisruptionbudgets"): cluster.disruption_budget,
    ("scheduling.k8s.io", "priorityclasses"): cluster.priority_class,
    (_RBAC, "clusterrolebindings"): access.binding,
    (_RBAC, "clusterroles"): access.role,
    (_RBAC, "rolebindings"): access.binding,
    (_RBAC, "roles"): access.role,
    (_STORAGE, "storageclasses"): storage.storage_class,
}
_CREATES: dict[tuple[str, str], Check] = {
    ("", "events"): cluster.event,
    ("", "pods"): pods.new_pod,
}
_UPDATES: dict[tuple[str, str], Update] = {
    ("", "configmaps"): configuration.config_map_update,
    ("", "persistentvolumeclaims"): storage.claim_update,
    ("", "secrets"): configuration.secret_update,
    ("", "services"): services.service_update,
    ("apps", "daemonsets"): workloads.selector_update,
    ("apps", "deployments"): workloads.selector_update,
    ("apps", "replicasets"): workloads.selector_update,
    (_RBAC, "clusterrolebindings"): access.binding_update,
    (_RBAC, "rolebindings"): access.binding_update,
    (_STORAGE, "storageclasses"): storage.storage_class_update,
}
