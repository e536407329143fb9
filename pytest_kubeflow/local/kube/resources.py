"""Names of the resources that the embedded components speak about."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Resource:
    """A REST resource: where its objects live under the API root.

    `api_version` is `v1` for the core group, `group/version` for any other.
    """

    api_version: str
    plural: str
    kind: str
    namespaced: bool = True

    def path(self, namespace: str | None = None, name: str | None = None) -> str:
        """Path of the collection or, with `name`, of one object. No namespace: all of them."""
        root = "/api/v1" if self.api_version == "v1" else f"/apis/{self.api_version}"
        parts = [root]
        if self.namespaced and namespace is not None:
            parts.append(f"namespaces/{namespace}")
        parts.append(self.plural)
        if name is not None:
            parts.append(name)
        return "/".join(parts)


NAMESPACES = Resource("v1", "namespaces", "Namespace", namespaced=False)
NODES = Resource("v1", "nodes", "Node", namespaced=False)
PERSISTENT_VOLUMES = Resource("v1", "persistentvolumes", "PersistentVolume", namespaced=False)
PODS = Resource("v1", "pods", "Pod")
PERSISTENT_VOLUME_CLAIMS = Resource("v1", "persistentvolumeclaims", "PersistentVolumeClaim")
CONFIG_MAPS = Resource("v1", "configmaps", "ConfigMap")
SECRETS = Resource("v1", "secrets", "Secret")
SERVICE_ACCOUNTS = Resource("v1", "serviceaccounts", "ServiceAccount")
SERVICES = Resource("v1", "services", "Service")
ENDPOINTS = Resource("v1", "endpoints", "Endpoints")
ENDPOINT_SLICES = Resource("discovery.k8s.io/v1", "endpointslices", "EndpointSlice")
RESOURCE_QUOTAS = Resource("v1", "resourcequotas", "ResourceQuota")
EVENTS = Resource("v1", "events", "Event")
STORAGE_CLASSES = Resource("storage.k8s.io/v1", "storageclasses", "StorageClass", namespaced=False)
ROLES = Resource("rbac.authorization.k8s.io/v1", "roles", "Role")
ROLE_BINDINGS = Resource("rbac.authorization.k8s.io/v1", "rolebindings", "RoleBinding")
CLUSTER_ROLES = Resource(
    "rbac.authorization.k8s.io/v1", "clusterroles", "ClusterRole", namespaced=False
)
CLUSTER_ROLE_BINDINGS = Resource(
    "rbac.authorization.k8s.io/v1", "clusterrolebindings", "ClusterRoleBinding", namespaced=False
)
CUSTOM_RESOURCE_DEFINITIONS = Resource(
    "apiextensions.k8s.io/v1",
    "customresourcedefinitions",
    "CustomResourceDefinition",
    namespaced=False,
)
CERTIFICATE_SIGNING_REQUESTS = Resource(
    "certificates.k8s.io/v1",
    "certificatesigningrequests",
    "CertificateSigningRequest",
    namespaced=False,
)
SERVICE_CIDRS = Resource("networking.k8s.io/v1", "servicecidrs", "ServiceCIDR", namespaced=False)
LEASES = Resource("coordination.k8s.io/v1", "leases", "Lease")
POD_DEFAULTS = Resource("kubeflow.org/v1alpha1", "poddefaults", "PodDefault")
PVC_VIEWERS = Resource("kubeflow.org/v1alpha1", "pvcviewers", "PVCViewer")
PROFILES = Resource("kubeflow.org/v1", "profiles", "Profile", namespaced=False)
TENSORBOARDS = Resource("tensorboard.kubeflow.org/v1alpha1", "tensorboards", "Tensorboard")
NOTEBOOKS = Resource("kubeflow.org/v1beta1", "notebooks", "Notebook")
EXPERIMENTS = Resource("kubeflow.org/v1beta1", "experiments", "Experiment")
TRIALS = Resource("kubeflow.org/v1beta1", "trials", "Trial")
SUGGESTIONS = Resource("kubeflow.org/v1beta1", "suggestions", "Suggestion")
JOB_SETS = Resource("jobset.x-k8s.io/v1alpha2", "jobsets", "JobSet")
PYTORCH_JOBS = Resource("kubeflow.org/v1", "pytorchjobs", "PyTorchJob")
TF_JOBS = Resource("kubeflow.org/v1", "tfjobs", "TFJob")
MPI_JOBS = Resource("kubeflow.org/v1", "mpijobs", "MPIJob")
TRAIN_JOBS = Resource("trainer.kubeflow.org/v1alpha1", "trainjobs", "TrainJob")
TRAINING_RUNTIMES = Resource("trainer.kubeflow.org/v1alpha1", "trainingruntimes", "TrainingRuntime")
CLUSTER_TRAINING_RUNTIMES = Resource(
    "trainer.kubeflow.org/v1alpha1",
    "clustertrainingruntimes",
    "ClusterTrainingRuntime",
    namespaced=False,
)
WORKFLOWS = Resource("argoproj.io/v1alpha1", "workflows", "Workflow")
WORKFLOW_TASK_RESULTS = Resource(
    "argoproj.io/v1alpha1", "workflowtaskresults", "WorkflowTaskResult"
)
DEPLOYMENTS = Resource("apps/v1", "deployments", "Deployment")
REPLICA_SETS = Resource("apps/v1", "replicasets", "ReplicaSet")
STATEFUL_SETS = Resource("apps/v1", "statefulsets", "StatefulSet")
CONTROLLER_REVISIONS = Resource("apps/v1", "controllerrevisions", "ControllerRevision")
JOBS = Resource("batch/v1", "jobs", "Job")
CRON_JOBS = Resource("batch/v1", "cronjobs", "CronJob")
INGRESSES = Resource("networking.k8s.io/v1", "ingresses", "Ingress")
CERTIFICATES = Resource("cert-manager.io/v1", "certificates", "Certificate")
ISSUERS = Resource("cert-manager.io/v1", "issuers", "Issuer")
MUTATING_WEBHOOKS, VALIDATING_WEBHOOKS = (
    Resource("admissionregistration.k8s.io/v1", f"{kind.lower()}s", kind, namespaced=False)
    for kind in ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
)
API_SERVICES = Resource("apiregistration.k8s.io/v1", "apiservices", "APIService", namespaced=False)
GATEWAYS = Resource("networking.istio.io/v1", "gateways", "Gateway")
PEER_AUTHENTICATIONS, REQUEST_AUTHENTICATIONS = (
    Resource("security.istio.io/v1", f"{kind.lower()}s", kind)
    for kind in ("PeerAuthentication", "RequestAuthentication")
)
DESTINATION_RULES = Resource("networking.istio.io/v1", "destinationrules", "DestinationRule")
VIRTUAL_SERVICES = Resource("networking.istio.io/v1", "virtualservices", "VirtualService")
AUTHORIZATION_POLICIES = Resource(
    "security.istio.io/v1", "authorizationpolicies", "AuthorizationPolicy"
)
INFERENCE_SERVICES = Resource("serving.kserve.io/v1beta1", "inferenceservices", "InferenceService")
SERVING_RUNTIMES = Resource("serving.kserve.io/v1alpha1", "servingruntimes", "ServingRuntime")
CLUSTER_SERVING_RUNTIMES = Resource(
    "serving.kserve.io/v1alpha1",
    "clusterservingruntimes",
    "ClusterServingRuntime",
    namespaced=False,
)
