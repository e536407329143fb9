"""Admission: what is added to an object, or refused, because of other objects of the cluster."""

from __future__ import annotations

from pytest_kubeflow.local.apiserver import podsecurity
from pytest_kubeflow.local.apiserver.admission.limitranges import check_limits, limited
from pytest_kubeflow.local.apiserver.errors import Object, forbidden, not_found
from pytest_kubeflow.local.apiserver.naming import named
from pytest_kubeflow.local.apiserver.resources import ResourceType
from pytest_kubeflow.local.apiserver.store import ResourceStore

_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
_TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 a mount path
_TOKEN_VOLUME = "kube-api-access-"  # noqa: S105 a name
_TOKEN_SECONDS = 3607
_PROTECTION = "kubernetes.io/pvc-protection"
_MIRROR = "kubernetes.io/config.mirror"


class Admission:
    """Plugins of a real server that change or refuse what is written.

    NamespaceLifecycle, LimitRanger, PodSecurity, ServiceAccount, Priority, RuntimeClass,
    DefaultStorageClass, and StorageObjectInUseProtection.
    """

    def __init__(self, store: ResourceStore) -> None:
        self._store = store

    def admit_create(self, kind: ResourceType, obj: Object) -> Object:
        """The object as it is to be stored. Raises StatusError when it must not be."""
        admitted = self.change(kind, obj)
        check_limits(self._store, kind, admitted)
        if kind.type == ("", "pods"):
            # After all changes to the pod, as a real server does it.
            namespace = obj["metadata"].get("namespace", "")
            home = self._store.get(("", "namespaces"), ("", namespace))
            if home is not None:
                podsecurity.check_pod(admitted, home)
        return admitted

    def change(self, kind: ResourceType, obj: Object) -> Object:
        """What it is before webhooks and rules see it. Raises StatusError for its namespace."""
        metadata = obj["metadata"]
        namespace = metadata.get("namespace", "")
        if kind.namespaced:
            self._namespace_is_there(kind, namespace, metadata.get("name", ""))
        if kind.type == ("", "pods"):
            obj = limited(self._store, kind, obj)
            return self._service_account(self._prioritized(self._runtime(obj)), namespace)
        if kind.type == ("", "persistentvolumeclaims"):
            obj = self._default_class(obj)
            return _finalized(obj, _PROTECTION)
        return obj

    def warnings(self, kind: ResourceType, obj: Object) -> tuple[str, ...]:
        """What its author is told of an object that is taken."""
        home = self._store.get(("", "namespaces"), ("", obj["metadata"].get("namespace", "")))
        return podsecurity.warnings(kind, obj, home) if home is not None else ()

    def _namespace_is_there(self, kind: ResourceType, namespace: str, name: str) -> None:
        found = self._store.get(("", "namespaces"), ("", namespace))
        if found is None:
            raise not_found("", "namespaces", namespace)
        if found["metadata"].get("deletionTimestamp") and kind.plural != "events":
            error = forbidden(
                kind.group,
                kind.plural,
                name,
                f"unable to create new content in namespace {namespace} because it is being "
                "terminated",
            )
            assert error.details is not None
            error.details["causes"] = [
                {
                    "reason": "NamespaceTerminating",
                    "message": f"namespace {namespace} is being terminated",
                    "field": "metadata.namespace",
                }
            ]
            raise error

    def _service_account(self, pod: Object, namespace: str) -> Object:
        spec = pod["spec"]
        if _MIRROR in (pod["metadata"].get("annotations") or {}):
            # It runs already, with what its kubelet has given it: it is nobody's.
            if spec.get("serviceAccountName"):
                why = "a mirror pod may not reference service accounts"
                raise forbidden("", "pods", pod["metadata"].get("name", ""), why)
            return pod
        account_name = spec.get("serviceAccountName") or spec.get("serviceAccount") or "default"
        account = self._store.get(("", "serviceaccounts"), (namespace, account_name))
        if account is None:
            raise forbidden(
                "",
                "pods",
                pod["metadata"].get("name", ""),
                f"error looking up service account {namespace}/{account_name}: "
                f'serviceaccount "{account_name}" not found',
            )
        spec = {**spec, "serviceAccountName": account_name, "serviceAccount": account_name}
        if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
            spec["imagePullSecrets"] = account["imagePullSecrets"]
        wanted = spec.get("automountServiceAccountToken")
        if wanted is None:
            wanted = account.get("automountServiceAccountToken", True)
        return {**pod, "spec": _with_token(spec) if wanted else spec}

    def _prioritized(self, pod: Object) -> Object:
        """The plugin Priority: the number of a pod's class."""
        spec, classes = pod["spec"], ("scheduling.k8s.io", "priorityclasses")
        name = spec.get("priorityClassName")
        if name:
            found = self._store.get(classes, ("", name))
            if found is None:
                why = f"no PriorityClass with name {name} was found"
                raise forbidden("", "pods", pod["metadata"].get("name", ""), why)
        else:
            found = next(
                (one for one in self._store.list(classes) if one.get("globalDefault")), None
            )
        given = {"priority": 0}
        if found is not None:
            given = {
                "priorityClassName": found["metadata"]["name"],
                "priority": found.get("value") or 0,
                "preemptionPolicy": found.get("preemptionPolicy", "PreemptLowerPriority"),
            }
        return {**pod, "spec": {**spec, **given}}

    def _runtime(self, pod: Object) -> Object:
        """The plugin RuntimeClass: what a pod names is there."""
        name = pod["spec"].get("runtimeClassName")
        if name and self._store.get(("node.k8s.io", "runtimeclasses"), ("", name)) is None:
            why = f'pod rejected: RuntimeClass "{name}" not found'
            raise forbidden("", "pods", pod["metadata"].get("name", ""), why)
        return pod

    def _default_class(self, claim: Object) -> Object:
        if "storageClassName" in claim["spec"]:
            return claim
        defaults = [
            one["metadata"]["name"]
            for one in self._store.list(("storage.k8s.io", "storageclasses"))
            if (one["metadata"].get("annotations") or {}).get(_DEFAULT_CLASS) == "true"
        ]
        if not defaults:
            return claim
        return {**claim, "spec": {**claim["spec"], "storageClassName": defaults[0]}}


def _finalized(obj: Object, finalizer: str) -> Object:
    """An object that stays as long as it is in use."""
    metadata = obj["metadata"]
    finalizers = metadata.get("finalizers") or []
    if finalizer in finalizers:
        return obj
    return {**obj, "metadata": {**metadata, "finalizers": [*finalizers, finalizer]}}


def _with_token(spec: Object) -> Object:
    """The pod's spec with the projected token that every container gets at the usual path.

    A volume of such a name is there where a webhook has added containers to a pod that had it.
    """
    volumes = spec.get("volumes") or []
    names = (one.get("name", "") for one in volumes)
    known = next((one for one in names if one.startswith(_TOKEN_VOLUME)), "")
    name = known or named({"generateName": _TOKEN_VOLUME})["name"]
    volume = {
        "name": name,
        "projected": {
            "defaultMode": 0o644,
            "sources": [
                {"serviceAccountToken": {"path": "token", "expirationSeconds": _TOKEN_SECONDS}},
                {
                    "configMap": {
                        "name": "kube-root-ca.crt",
                        "items": [{"key": "ca.crt", "path": "ca.crt"}],
                    }
                },
                {
                    "downwardAPI": {
                        "items": [
                            {
                                "path": "namespace",
                                "fieldRef": {
                                    "apiVersion": "v1",
                                    "fieldPath": "metadata.namespace",
                                },
                            }
                        ]
                    }
                },
            ],
        },
    }
    mount = {"name": name, "mountPath": _TOKEN_PATH, "readOnly": True}
    mounted = dict(spec)
    used = False
    for group in ("initContainers", "containers"):
        containers = []
        for container in spec.get(group) or []:
            mounts = container.get("volumeMounts") or []
            if not any(one.get("mountPath") == _TOKEN_PATH for one in mounts):
                container = {**container, "volumeMounts": [*mounts, mount]}  # noqa: PLW2901
                used = True
            containers.append(container)
        if containers:
            mounted[group] = containers
    if used and not known:
        mounted["volumes"] = [*volumes, volume]
    return mounted
