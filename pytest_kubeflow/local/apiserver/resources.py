"""The kinds that the API serves: built-in ones, and those that CustomResourceDefinitions add."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pytest_kubeflow.local.apiserver.errors import Object
from pytest_kubeflow.local.apiserver.store import Type

ALL_VERBS = (
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
)


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One kind in one group, with the versions that it is served in (the first is stored)."""

    group: str
    versions: tuple[str, ...]
    kind: str
    plural: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    categories: tuple[str, ...] = ()
    singular: str = ""
    definition: Object | None = field(default=None, compare=False)  # its CustomResourceDefinition
    stored_in: str | None = None  # the group whose objects these are, where it is another

    @property
    def type(self) -> Type:
        """The type under which the store has these objects."""
        return self.group if self.stored_in is None else self.stored_in, self.plural

    @property
    def custom(self) -> bool:
        return self.definition is not None

    def api_version(self, version: str) -> str:
        return f"{self.group}/{version}" if self.group else version


def _core(kind: str, plural: str, *short: str, **more: object) -> ResourceType:
    return ResourceType("", ("v1",), kind, plural, short_names=short, **more)  # type: ignore[arg-type]


_REVIEW = ("create",)
_STATUS = ("status",)

BUILT_IN: tuple[ResourceType, ...] = (
    _core(
        "Namespace",
        "namespaces",
        "ns",
        namespaced=False,
        subresources=("status", "finalize"),
        verbs=tuple(verb for verb in ALL_VERBS if verb != "deletecollection"),
    ),
    _core("Node", "nodes", "no", namespaced=False, subresources=_STATUS),
    _core(
        "Pod",
        "pods",
        "po",
        subresources=(
            "attach",
            "binding",
            "ephemeralcontainers",
            "eviction",
            "exec",
            "log",
            "portforward",
            "status",
        ),
        categories=("all",),
    ),
    _core("PersistentVolumeClaim", "persistentvolumeclaims", "pvc", subresources=_STATUS),
    _core("PersistentVolume", "persistentvolumes", "pv", namespaced=False, subresources=_STATUS),
    _core("ConfigMap", "configmaps", "cm"),
    _core("Secret", "secrets"),
    _core("ServiceAccount", "serviceaccounts", "sa", subresources=("token",)),
    _core("Service", "services", "svc", subresources=_STATUS, categories=("all",)),
    _core("Endpoints", "endpoints", "ep"),
    _core("Event", "events", "ev"),
    _core("PodTemplate", "podtemplates"),
    _core("LimitRange", "limitranges", "limits"),
    _core("ResourceQuota", "resourcequotas", "quota", subresources=_STATUS),
    ResourceType(
        "apps", ("v1",), "Deployment", "deployments", True, ("deploy",), ("scale", "status")
    ),
    ResourceType("apps", ("v1",), "ReplicaSet", "replicasets", True, ("rs",), ("scale", "status")),
    ResourceType(
        "apps", ("v1",), "StatefulSet", "statefulsets", True, ("sts",), ("scale", "status")
    ),
    ResourceType("apps", ("v1",), "ControllerRevision", "controllerrevisions"),
    ResourceType("apps", ("v1",), "DaemonSet", "daemonsets", True, ("ds",), _STATUS),
    ResourceType("batch", ("v1",), "Job", "jobs", subresources=_STATUS, categories=("all",)),
    ResourceType("batch", ("v1",), "CronJob", "cronjobs", True, ("cj",), _STATUS),
    ResourceType("storage.k8s.io", ("v1",), "StorageClass", "storageclasses", False, ("sc",)),
    ResourceType("rbac.authorization.k8s.io", ("v1",), "Role", "roles"),
    ResourceType("rbac.authorization.k8s.io", ("v1",), "RoleBinding", "rolebindings"),
    ResourceType("rbac.authorization.k8s.io", ("v1",), "ClusterRole", "clusterroles", False),
    ResourceType(
        "rbac.authorization.k8s.io", ("v1",), "ClusterRoleBinding", "clusterrolebindings", False
    ),
    ResourceType("coordination.k8s.io", ("v1",), "Lease", "leases"),
    ResourceType("events.k8s.io", ("v1",), "Event", "events", True, ("ev",), stored_in=""),
    ResourceType("discovery.k8s.io", ("v1",), "EndpointSlice", "endpointslices"),
    ResourceType(
        "networking.k8s.io", ("v1",), "NetworkPolicy", "networkpolicies", True, ("netpol",)
    ),
    ResourceType("networking.k8s.io", ("v1",), "Ingress", "ingresses", True, ("ing",), _STATUS),
    ResourceType(
        "policy", ("v1",), "PodDisruptionBudget", "poddisruptionbudgets", True, ("pdb",), _STATUS
    ),
    ResourceType("scheduling.k8s.io", ("v1",), "PriorityClass", "priorityclasses", False, ("pc",)),
    ResourceType(
        "apiextensions.k8s.io",
        ("v1",),
        "CustomResourceDefinition",
        "customresourcedefinitions",
        False,
        ("crd", "crds"),
        _STATUS,
    ),
    *(
        ResourceType(
            "admissionregistration.k8s.io", ("v1",), kind, f"{kind.lower()}s", namespaced=False
        )
        for kind in (
            "MutatingWebhookConfiguration",
            "ValidatingWebhookConfiguration",
            "ValidatingAdmissionPolicyBinding",
        )
    ),
    ResourceType(
        "admissionregistration.k8s.io",
        ("v1",),
        "ValidatingAdmissionPolicy",
        "validatingadmissionpolicies",
        False,
        (),
        _STATUS,
    ),
    # Kept and listed; nothing here acts on them.
    ResourceType(
        "autoscaling",
        ("v2", "v1"),
        "HorizontalPodAutoscaler",
        "horizontalpodautoscalers",
        True,
        ("hpa",),
        _STATUS,
        categories=("all",),
    ),
    ResourceType(
        "certificates.k8s.io",
        ("v1",),
        "CertificateSigningRequest",
        "certificatesigningrequests",
        False,
        ("csr",),
        _STATUS,
    ),
    ResourceType(
        "flowcontrol.apiserver.k8s.io", ("v1",), "FlowSchema", "flowschemas", False, (), _STATUS
    ),
    ResourceType(
        "flowcontrol.apiserver.k8s.io",
        ("v1",),
        "PriorityLevelConfiguration",
        "prioritylevelconfigurations",
        False,
        (),
        _STATUS,
    ),
    ResourceType("networking.k8s.io", ("v1",), "IngressClass", "ingressclasses", False),
    ResourceType("node.k8s.io", ("v1",), "RuntimeClass", "runtimeclasses", False),
    ResourceType("storage.k8s.io", ("v1",), "CSIDriver", "csidrivers", False),
    ResourceType("storage.k8s.io", ("v1",), "CSINode", "csinodes", False),
    ResourceType(
        "storage.k8s.io", ("v1",), "VolumeAttachment", "volumeattachments", False, (), _STATUS
    ),
    ResourceType(
        "apiregistration.k8s.io", ("v1",), "APIService", "apiservices", False, (), _STATUS
    ),
    ResourceType(
        "authentication.k8s.io", ("v1",), "TokenReview", "tokenreviews", False, verbs=_REVIEW
    ),
    ResourceType(
        "authentication.k8s.io",
        ("v1",),
        "SelfSubjectReview",
        "selfsubjectreviews",
        False,
        verbs=_REVIEW,
    ),
    ResourceType(
        "authorization.k8s.io",
        ("v1",),
        "SubjectAccessReview",
        "subjectaccessreviews",
        False,
        verbs=_REVIEW,
    ),
    ResourceType(
        "authorization.k8s.io",
        ("v1",),
        "SelfSubjectAccessReview",
        "selfsubjectaccessreviews",
        False,
        verbs=_REVIEW,
    ),
    ResourceType(
        "authorization.k8s.io",
        ("v1",),
        "SelfSubjectRulesReview",
        "selfsubjectrulesreviews",
        False,
        verbs=_REVIEW,
    ),
    ResourceType(
        "authorization.k8s.io",
        ("v1",),
        "LocalSubjectAccessReview",
        "localsubjectaccessreviews",
        verbs=_REVIEW,
    ),
)


class ResourceTypes:
    """Which kinds there are now."""

    def __init__(self) -> None:
        self._types: dict[Type, ResourceType] = {(one.group, one.plural): one for one in BUILT_IN}

    def __iter__(self) -> Iterator[ResourceType]:
        return iter(self._types.values())

    def find(self, group: str, version: str, plural: str) -> ResourceType | None:
        found = self._types.get((group, plural))
        return found if found is not None and version in found.versions else None

    def groups(self) -> dict[str, list[str]]:
        """Versions of each named group, the preferred one first."""
        groups: dict[str, list[str]] = {}
        for one in self._types.values():
            versions = groups.setdefault(one.group, [])
            versions += [version for version in one.versions if version not in versions]
        groups.pop("", None)
        return groups

    def define(self, definition: Object) -> None:
        """Serve what a CustomResourceDefinition describes."""
        spec = definition["spec"]
        names = spec["names"]
        served = [one for one in spec["versions"] if one.get("served", True)]
        served.sort(key=lambda one: not one.get("storage"))
        self._types[spec["group"], names["plural"]] = ResourceType(
            group=spec["group"],
            versions=tuple(one["name"] for one in served),
            kind=names["kind"],
            plural=names["plural"],
            namespaced=spec["scope"] == "Namespaced",
            short_names=tuple(names.get("shortNames") or ()),
            subresources=tuple(served[0].get("subresources") or ()) if served else (),
            categories=tuple(names.get("categories") or ()),
            singular=names.get("singular") or names["kind"].lower(),
            definition=definition,
        )

    def undefine(self, definition: Object) -> None:
        spec = definition["spec"]
        self._types.pop((spec["group"], spec["names"]["plural"]), None)
