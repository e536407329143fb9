"""The kinds of objects that a snapshot lists."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of the Kubernetes API, of whatever version the cluster prefers."""

    name: str
    plural: str
    group: str = ""
    namespaced: bool = True
    selector: str = ""
    """A field selector for what is listed."""

    metadata_only: bool = False
    """Whether the metadata is asked for, and names alone are kept: of Secrets, never their data."""

    @property
    def resource(self) -> str:
        """As a CRD is called: "katibs.kubeflow.org", "pods"."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def __str__(self) -> str:
        return self.resource


_ISTIO, _ISTIO_SECURITY = "networking.istio.io", "security.istio.io"

NODES = Kind("Node", "nodes", namespaced=False)
NAMESPACES = Kind("Namespace", "namespaces", namespaced=False)
PODS = Kind("Pod", "pods")
WARNINGS = Kind("Event", "events", selector="type=Warning")
SERVICES = Kind("Service", "services")
SERVICE_ACCOUNTS = Kind("ServiceAccount", "serviceaccounts")
CLAIMS = Kind("PersistentVolumeClaim", "persistentvolumeclaims")
VOLUMES = Kind("PersistentVolume", "persistentvolumes", namespaced=False)
CONFIG_MAPS = Kind("ConfigMap", "configmaps")
TLS_SECRETS = Kind(
    "Secret",
    "secrets",
    selector="type=kubernetes.io/tls",
    metadata_only=True,
)
"""Secrets that hold certificates: which there are, and never what they hold."""

STORE_KEYS = Kind(
    "Secret",
    "secrets",
    selector="metadata.name=mlpipeline-minio-artifact",
    metadata_only=True,
)
"""The Secret of each profile with its keys for the object store."""

DEPLOYMENTS = Kind("Deployment", "deployments", "apps")
STATEFUL_SETS = Kind("StatefulSet", "statefulsets", "apps")
DAEMON_SETS = Kind("DaemonSet", "daemonsets", "apps")
REPLICA_SETS = Kind("ReplicaSet", "replicasets", "apps")
JOBS = Kind("Job", "jobs", "batch")
ENDPOINT_SLICES = Kind("EndpointSlice", "endpointslices", "discovery.k8s.io")
STORAGE_CLASSES = Kind("StorageClass", "storageclasses", "storage.k8s.io", namespaced=False)
CSI_DRIVERS = Kind("CSIDriver", "csidrivers", "storage.k8s.io", namespaced=False)
LEASES = Kind("Lease", "leases", "coordination.k8s.io")
CLUSTER_ROLES = Kind("ClusterRole", "clusterroles", "rbac.authorization.k8s.io", namespaced=False)
ROLE_BINDINGS = Kind("RoleBinding", "rolebindings", "rbac.authorization.k8s.io")
DEFINITIONS = Kind(
    "CustomResourceDefinition",
    "customresourcedefinitions",
    "apiextensions.k8s.io",
    namespaced=False,
)
API_SERVICES = Kind("APIService", "apiservices", "apiregistration.k8s.io", namespaced=False)
MUTATING_WEBHOOKS = Kind(
    "MutatingWebhookConfiguration",
    "mutatingwebhookconfigurations",
    "admissionregistration.k8s.io",
    namespaced=False,
)
VALIDATING_WEBHOOKS = Kind(
    "ValidatingWebhookConfiguration",
    "validatingwebhookconfigurations",
    "admissionregistration.k8s.io",
    namespaced=False,
)
CERTIFICATES = Kind("Certificate", "certificates", "cert-manager.io")
GATEWAYS = Kind("Gateway", "gateways", _ISTIO)
VIRTUAL_SERVICES = Kind("VirtualService", "virtualservices", _ISTIO)
DESTINATION_RULES = Kind("DestinationRule", "destinationrules", _ISTIO)
PEER_AUTHENTICATIONS = Kind("PeerAuthentication", "peerauthentications", _ISTIO_SECURITY)
AUTHORIZATION_POLICIES = Kind("AuthorizationPolicy", "authorizationpolicies", _ISTIO_SECURITY)
REQUEST_AUTHENTICATIONS = Kind("RequestAuthentication", "requestauthentications", _ISTIO_SECURITY)
PROFILES = Kind("Profile", "profiles", "kubeflow.org", namespaced=False)
POD_DEFAULTS = Kind("PodDefault", "poddefaults", "kubeflow.org")
NOTEBOOKS = Kind("Notebook", "notebooks", "kubeflow.org")
DECORATORS = Kind(
    "DecoratorController", "decoratorcontrollers", "metacontroller.k8s.io", namespaced=False
)
INFERENCE_SERVICES = Kind("InferenceService", "inferenceservices", "serving.kserve.io")
