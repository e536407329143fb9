"""The kinds, by API group and plural."""

from __future__ import annotations

from pytest_kubeflow.local.apiserver.fieldtypes.pods import (
    CLAIM_SPEC,
    META,
    NODE_SELECTOR,
    POD_SPEC,
    SELECTOR,
    TEMPLATE,
)
from pytest_kubeflow.local.apiserver.fieldtypes.types import (
    BOOL,
    INT32,
    INT64,
    INT_OR_STRING,
    QUANTITIES,
    STRING,
    STRING_MAP,
    STRINGS,
    ListOf,
    Struct,
    Type,
    strings,
)
from pytest_kubeflow.local.apiserver.resources import ResourceType

_OBJECT = Struct("v1.Object", {})
_SUBJECTS = ListOf(Struct("v1.Subject", strings("kind", "apiGroup", "name", "namespace")))
_ROLE: dict[str, Type] = {
    "rules": ListOf(
        Struct(
            "v1.PolicyRule",
            dict.fromkeys(
                ("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs"), STRINGS
            ),
        )
    )
}
_BINDING: dict[str, Type] = {
    "subjects": _SUBJECTS,
    "roleRef": Struct("v1.RoleRef", strings("apiGroup", "kind", "name")),
}
_CONTROLLED: dict[str, Type] = {
    "replicas": INT32,
    "minReadySeconds": INT32,
    "revisionHistoryLimit": INT32,
    "progressDeadlineSeconds": INT32,
    "paused": BOOL,
    "selector": SELECTOR,
    "template": TEMPLATE,
}
_JOB: dict[str, Type] = {
    "template": TEMPLATE,
    "backoffLimit": INT32,
    "parallelism": INT32,
    "completions": INT32,
}
_SERVICE_PORT = Struct(
    "v1.ServicePort",
    {
        **strings("name", "protocol", "appProtocol"),
        "port": INT32,
        "nodePort": INT32,
        "targetPort": INT_OR_STRING,
    },
)
_RESOURCE_ATTRIBUTES = Struct(
    "v1.ResourceAttributes",
    strings("namespace", "verb", "group", "version", "resource", "subresource", "name"),
)
_ACCESS: dict[str, Type] = {
    "user": STRING,
    "uid": STRING,
    "groups": STRINGS,
    "resourceAttributes": _RESOURCE_ATTRIBUTES,
    "nonResourceAttributes": Struct("v1.NonResourceAttributes", strings("path", "verb")),
}
_REFERENCES = ListOf(Struct("v1.ObjectReference", strings("name", "namespace", "kind")))


def _kind(name: str, **fields: Type) -> Struct:
    return Struct(f"v1.{name}", {"metadata": META, **fields})


def _spec(name: str, **fields: Type) -> Struct:
    return _kind(name, spec=Struct(f"v1.{name}Spec", fields), status=_OBJECT)


_KINDS: dict[tuple[str, str], Struct] = {
    ("", "pods"): _kind("Pod", spec=POD_SPEC, status=_OBJECT),
    ("", "configmaps"): _kind("ConfigMap", data=STRING_MAP, binaryData=STRING_MAP, immutable=BOOL),
    ("", "secrets"): _kind(
        "Secret", data=STRING_MAP, stringData=STRING_MAP, type=STRING, immutable=BOOL
    ),
    ("", "namespaces"): _spec("Namespace", finalizers=STRINGS),
    ("", "services"): _spec(
        "Service",
        ports=ListOf(_SERVICE_PORT),
        selector=STRING_MAP,
        clusterIPs=STRINGS,
        **strings("clusterIP", "type", "externalName", "sessionAffinity"),
    ),
    ("", "persistentvolumeclaims"): _kind("PersistentVolumeClaim", spec=CLAIM_SPEC, status=_OBJECT),
    ("", "persistentvolumes"): _spec(
        "PersistentVolume",
        **strings("persistentVolumeReclaimPolicy", "storageClassName", "volumeMode"),
        capacity=QUANTITIES,
        accessModes=STRINGS,
        local=Struct("v1.LocalVolumeSource", strings("path", "fsType")),
        hostPath=Struct("v1.HostPathVolumeSource", strings("path", "type")),
        claimRef=Struct("v1.ObjectReference", strings("name", "namespace", "kind", "uid")),
        nodeAffinity=Struct("v1.VolumeNodeAffinity", {"required": NODE_SELECTOR}),
    ),
    ("", "serviceaccounts"): _kind(
        "ServiceAccount",
        secrets=_REFERENCES,
        imagePullSecrets=_REFERENCES,
        automountServiceAccountToken=BOOL,
    ),
    ("", "nodes"): _spec("Node", unschedulable=BOOL, podCIDR=STRING),
    ("", "resourcequotas"): _spec("ResourceQuota", hard=QUANTITIES, scopes=STRINGS),
    ("apps", "deployments"): _spec("Deployment", **_CONTROLLED),
    ("apps", "replicasets"): _spec("ReplicaSet", **_CONTROLLED),
    ("apps", "statefulsets"): _spec("StatefulSet", **_CONTROLLED),
    ("apps", "daemonsets"): _spec("DaemonSet", **_CONTROLLED),
    ("batch", "jobs"): _spec("Job", **_JOB),
    ("batch", "cronjobs"): _spec(
        "CronJob",
        **strings("schedule", "timeZone", "concurrencyPolicy"),
        suspend=BOOL,
        startingDeadlineSeconds=INT64,
        successfulJobsHistoryLimit=INT32,
        failedJobsHistoryLimit=INT32,
        jobTemplate=Struct(
            "v1.JobTemplateSpec", {"metadata": META, "spec": Struct("v1.JobSpec", _JOB)}
        ),
    ),
    ("rbac.authorization.k8s.io", "roles"): _kind("Role", **_ROLE),
    ("rbac.authorization.k8s.io", "clusterroles"): _kind("ClusterRole", **_ROLE),
    ("rbac.authorization.k8s.io", "rolebindings"): _kind("RoleBinding", **_BINDING),
    ("rbac.authorization.k8s.io", "clusterrolebindings"): _kind("ClusterRoleBinding", **_BINDING),
    ("storage.k8s.io", "storageclasses"): _kind(
        "StorageClass",
        **strings("provisioner", "reclaimPolicy", "volumeBindingMode"),
        parameters=STRING_MAP,
    ),
    ("", "events"): _kind(
        "Event",
        **strings("reason", "message", "type", "action", "note", "firstTimestamp", "lastTimestamp"),
        involvedObject=_OBJECT,
        regarding=_OBJECT,
        source=_OBJECT,
        deprecatedSource=_OBJECT,
        series=_OBJECT,
        count=INT32,
        deprecatedCount=INT32,
    ),
    ("apiextensions.k8s.io", "customresourcedefinitions"): _spec(
        "CustomResourceDefinition",
        **strings("group", "scope"),
        names=Struct(
            "v1.CustomResourceDefinitionNames",
            {
                **strings("plural", "singular", "kind", "listKind"),
                "shortNames": STRINGS,
                "categories": STRINGS,
            },
        ),
        versions=ListOf(
            Struct(
                "v1.CustomResourceDefinitionVersion",
                {"name": STRING, "served": BOOL, "storage": BOOL, "schema": _OBJECT},
            )
        ),
    ),
    ("coordination.k8s.io", "leases"): _spec("Lease", holderIdentity=STRING),
    ("authentication.k8s.io", "tokenreviews"): _spec(
        "TokenReview", token=STRING, audiences=STRINGS
    ),
    ("authorization.k8s.io", "subjectaccessreviews"): _spec("SubjectAccessReview", **_ACCESS),
    ("authorization.k8s.io", "localsubjectaccessreviews"): _spec(
        "LocalSubjectAccessReview", **_ACCESS
    ),
    ("authorization.k8s.io", "selfsubjectaccessreviews"): _spec(
        "SelfSubjectAccessReview", **_ACCESS
    ),
    ("authorization.k8s.io", "selfsubjectrulesreviews"): _spec(
        "SelfSubjectRulesReview", namespace=STRING
    ),
}
BINDING = _kind("Binding", target=Struct("v1.ObjectReference", strings("kind", "name")))
TOKEN_REQUEST = _spec(
    "TokenRequest",
    audiences=STRINGS,
    expirationSeconds=INT64,
    boundObjectRef=Struct("v1.BoundObjectReference", strings("kind", "apiVersion", "name", "uid")),
)
DELETE_OPTIONS = Struct(
    "v1.DeleteOptions",
    {
        "propagationPolicy": STRING,
        "gracePeriodSeconds": INT64,
        "orphanDependents": BOOL,
        "preconditions": Struct("v1.Preconditions", strings("uid", "resourceVersion")),
        "dryRun": STRINGS,
    },
)
EVICTION = _kind("Eviction", deleteOptions=DELETE_OPTIONS)
SCALE = _spec("Scale", replicas=INT32)


def type_of(kind: ResourceType) -> Struct:
    """The type of a kind: of custom resources and those that are not listed its metadata alone."""
    return _KINDS.get(kind.type) or _kind(kind.kind)
