"""The components that run in this process, with names, images and ports of the real ones.

Facts: kubeflow/community-distribution, branch release-26.03.1, applications/ and common/.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pytest_kubeflow.local.notebooks.settings import CONFIG as NOTEBOOK_CONFIG
from pytest_kubeflow.local.pipelines.settings import DRIVER_REFERENCE, LAUNCHER_REFERENCE
from pytest_kubeflow.local.platform.images import ISTIO, PROXY_IMAGE
from pytest_kubeflow.local.tensorboards.settings import CONFIG as TENSORBOARD_CONFIG
from pytest_kubeflow.local.training.release import Release
from pytest_kubeflow.local.training.settings import DEFAULT_TRAINING, TrainingSettings
from pytest_kubeflow.local.workflows.podspec import IMAGE as EXECUTOR_IMAGE

_KFP = "2.16.1"
_DASHBOARD = "v2.0.0"
_NOTEBOOKS = "v1.11.0"
_KATIB = "v0.19.0"
_MODEL_REGISTRY = "v0.3.8"
_CERT_MANAGER = "v1.20.2"
JWKS_PROXY_IMAGE = "registry.k8s.io/kubectl:v1.36.0"


@dataclass(frozen=True)
class Port:
    """A port of a Service, and the port of the pod that it leads to."""

    name: str
    number: int
    target: int


@dataclass(frozen=True)
class Container:
    """One container; `ports` are those that are open at its pod.

    `settings` are variables that it has from the ConfigMap `config`.
    """

    name: str
    image: str
    ports: Mapping[str, int] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    config: str = ""
    settings: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Component:
    """A Deployment with its account and its Services.

    Pods of a `meshed` one have a proxy beside their containers, where there is a mesh.
    """

    name: str
    namespace: str
    account: str
    labels: Mapping[str, str]
    containers: tuple[Container, ...]
    services: Mapping[str, tuple[Port, ...]] = field(default_factory=dict)
    meshed: bool = True
    secret: str | None = None
    """The Secret with the certificate that it shows, which its pods mount."""
    certificates: str = "/tmp/k8s-webhook-server/serving-certs"  # noqa: S108 in its pod
    """Where they mount it."""

    annotations: Mapping[str, str] = field(default_factory=dict)
    """Those of its pods."""


def _kfp(
    name: str,
    container: str,
    image: str,
    *,
    ports: Mapping[str, int] | None = None,
    services: Mapping[str, tuple[Port, ...]] | None = None,
    env: Mapping[str, str] | None = None,
) -> Component:
    part = Container(container, f"ghcr.io/kubeflow/{image}:{_KFP}", ports or {}, env or {})
    labels = {"app": name, "application-crd-id": "kubeflow-pipelines"}
    return Component(name, "kubeflow", name, labels, (part,), services or {})


def _named(name: str, part_of: str) -> dict[str, str]:
    return {
        "app": name,
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/part-of": part_of,
    }


ML_PIPELINE = _kfp(
    "ml-pipeline",
    "ml-pipeline-api-server",
    "kfp-api-server",
    ports={"http": 8888},
    services={"ml-pipeline": (Port("http", 8888, 8888),)},
    env={
        "V2_DRIVER_IMAGE": DRIVER_REFERENCE,
        "V2_LAUNCHER_IMAGE": LAUNCHER_REFERENCE,
    },
)
ML_PIPELINE_UI = _kfp(
    "ml-pipeline-ui",
    "ml-pipeline-ui",
    "kfp-frontend",
    ports={"http": 3000},
    services={"ml-pipeline-ui": (Port("http", 80, 3000),)},
)
PERSISTENCE_AGENT = _kfp(
    "ml-pipeline-persistenceagent", "ml-pipeline-persistenceagent", "kfp-persistence-agent"
)
SCHEDULED_WORKFLOW = _kfp(
    "ml-pipeline-scheduledworkflow",
    "ml-pipeline-scheduledworkflow",
    "kfp-scheduled-workflow-controller",
)
METADATA = Component(
    "metadata-grpc-deployment",
    "kubeflow",
    "metadata-grpc-server",
    {"component": "metadata-grpc-server"},
    (
        Container(
            "container",
            "gcr.io/tfx-oss-public/ml_metadata_store_server:1.14.0",
            {"grpc-api": 8080},
        ),
    ),
    {"metadata-grpc-service": (Port("grpc-api", 8080, 8080),)},
)
METADATA_ENVOY = Component(
    "metadata-envoy-deployment",
    "kubeflow",
    "default",
    {"component": "metadata-envoy", "sidecar.istio.io/inject": "false"},
    (Container("container", f"ghcr.io/kubeflow/kfp-metadata-envoy:{_KFP}", {"md-envoy": 9090}),),
    {"metadata-envoy-service": (Port("md-envoy", 9090, 9090),)},
    meshed=False,
)
SEAWEEDFS = Component(
    "seaweedfs",
    "kubeflow",
    "seaweedfs",
    {"app": "seaweedfs", "application-crd-id": "kubeflow-pipelines"},
    (Container("seaweedfs", "chrislusf/seaweedfs:4.00", {"http-s3": 8333}),),
    {
        "seaweedfs": (Port("http-s3", 8333, 8333), Port("http-minio", 9000, 8333)),
        "minio-service": (Port("http", 9000, 8333),),
    },
)
WORKFLOW_CONTROLLER = Component(
    "workflow-controller",
    "kubeflow",
    "argo",
    {"app": "workflow-controller", "application-crd-id": "kubeflow-pipelines"},
    (
        Container(
            "workflow-controller",
            "quay.io/argoproj/workflow-controller:v3.7.3",
            arguments=(
                *("--configmap", "workflow-controller-configmap"),
                *("--executor-image", EXECUTOR_IMAGE),
            ),
        ),
    ),
)
CERT_MANAGER = tuple(
    Component(
        name,
        "cert-manager",
        name,
        {
            "app": app,
            "app.kubernetes.io/name": app,
            "app.kubernetes.io/instance": "cert-manager",
            "app.kubernetes.io/version": _CERT_MANAGER,
        },
        (Container(container, f"quay.io/jetstack/{image}:{_CERT_MANAGER}"),),
        meshed=False,
    )
    for name, app, container, image in (
        ("cert-manager", "cert-manager", "cert-manager-controller", "cert-manager-controller"),
        (
            "cert-manager-cainjector",
            "cainjector",
            "cert-manager-cainjector",
            "cert-manager-cainjector",
        ),
    )
)
KSERVE_SECRET = "kserve-webhook-server-cert"  # noqa: S105 the name of a Secret object
KSERVE = Component(
    "kserve-controller-manager",
    "kubeflow",
    "kserve-controller-manager",
    {
        "app.kubernetes.io/name": "kserve-controller-manager",
        "control-plane": "kserve-controller-manager",
        "controller-tools.k8s.io": "1.0",
        "sidecar.istio.io/inject": "false",
    },
    (Container("manager", "kserve/kserve-controller:v0.18.0", {"webhook-server": 9443}),),
    {"kserve-webhook-server-service": (Port("https", 443, 9443),)},
    meshed=False,
    secret=KSERVE_SECRET,
)
DASHBOARD = Component(
    "dashboard",
    "kubeflow",
    "dashboard",
    {**_named("dashboard", "kubeflow-dashboard"), "sidecar.istio.io/inject": "true"},
    (Container("dashboard", f"ghcr.io/kubeflow/dashboard/dashboard:{_DASHBOARD}", {"http": 8082}),),
    {"dashboard": (Port("http", 80, 8082),)},
)
PROFILES = Component(
    "profiles-deployment",
    "kubeflow",
    "profiles-controller-service-account",
    {**_named("profile-controller", "kubeflow-dashboard"), "sidecar.istio.io/inject": "true"},
    (
        Container("manager", f"ghcr.io/kubeflow/dashboard/profile-controller:{_DASHBOARD}"),
        Container(
            "access-management",
            f"ghcr.io/kubeflow/dashboard/access-management:{_DASHBOARD}",
            {"http-kfam": 8081},
        ),
    ),
    {"profiles-kfam": (Port("http-kfam", 8081, 8081),)},
)
PROFILE_PIECES = Component(
    "kubeflow-pipelines-profile-controller",
    "kubeflow",
    "default",
    {"app": "kubeflow-pipelines-profile-controller", "sidecar.istio.io/inject": "false"},
    (Container("profile-controller", "docker.io/alpine/k8s:1.32.3"),),
    meshed=False,
)
POD_DEFAULTS_SECRET = "poddefaults-webhook-certs"  # noqa: S105 the name of a Secret object
POD_DEFAULTS = Component(
    "poddefaults-webhook-deployment",
    "kubeflow",
    "poddefaults-webhook-service-account",
    {
        "app": "poddefaults",
        "app.kubernetes.io/component": "poddefaults",
        "app.kubernetes.io/managed-by": "kustomize",
        "app.kubernetes.io/name": "poddefaults-webhook",
        "app.kubernetes.io/part-of": "kubeflow-dashboard",
        "sidecar.istio.io/inject": "false",
    },
    (
        Container(
            "poddefaults-webhook",
            f"ghcr.io/kubeflow/dashboard/poddefaults-webhook:{_DASHBOARD}",
            {"https-webhook": 4443},
        ),
    ),
    {"poddefaults-webhook-service": (Port("https-webhook", 443, 4443),)},
    meshed=False,
    secret=POD_DEFAULTS_SECRET,
    certificates="/etc/webhook/certs",
)
VOLUMES_WEB_APP = Component(
    "volumes-web-app-deployment",
    "kubeflow",
    "volumes-web-app-service-account",
    {"app": "volumes-web-app", "kustomize.component": "volumes-web-app"},
    (
        Container(
            "volumes-web-app",
            f"ghcr.io/kubeflow/notebooks/volumes-web-app:{_NOTEBOOKS}",
            {"http": 5000},
        ),
    ),
    {"volumes-web-app-service": (Port("http", 80, 5000),)},
)
JUPYTER_WEB_APP = Component(
    "jupyter-web-app-deployment",
    "kubeflow",
    "jupyter-web-app-service-account",
    {"app": "jupyter-web-app", "kustomize.component": "jupyter-web-app"},
    (
        Container(
            "jupyter-web-app",
            f"ghcr.io/kubeflow/notebooks/jupyter-web-app:{_NOTEBOOKS}",
            {"http": 5000},
        ),
    ),
    {"jupyter-web-app-service": (Port("http", 80, 5000),)},
)
NOTEBOOK_CONTROLLER = Component(
    "notebook-controller-deployment",
    "kubeflow",
    "notebook-controller-service-account",
    {"app": "notebook-controller", "kustomize.component": "notebook-controller"},
    (
        Container(
            "manager",
            f"ghcr.io/kubeflow/notebooks/notebook-controller:{_NOTEBOOKS}",
            config=NOTEBOOK_CONFIG,
            settings=(
                "USE_ISTIO",
                "ISTIO_GATEWAY",
                "ISTIO_HOST",
                "CLUSTER_DOMAIN",
                "ENABLE_CULLING",
                "CULL_IDLE_TIME",
                "IDLENESS_CHECK_PERIOD",
            ),
        ),
    ),
)
VIEWER_SECRET = "webhook-server-cert"  # noqa: S105 the name of a Secret object
VIEWER_CONTROLLER = Component(
    "pvcviewer-controller-manager",
    "kubeflow",
    "pvcviewer-controller-manager",
    {"app": "pvcviewer", "control-plane": "controller-manager"},
    (
        Container(
            "manager",
            f"ghcr.io/kubeflow/notebooks/pvcviewer-controller:{_NOTEBOOKS}",
            {"webhook-server": 9443},
        ),
    ),
    {"pvcviewer-webhook-service": (Port("https", 443, 9443),)},
    secret=VIEWER_SECRET,
)
TENSORBOARDS_WEB_APP = Component(
    "tensorboards-web-app-deployment",
    "kubeflow",
    "tensorboards-web-app-service-account",
    {"app": "tensorboards-web-app", "kustomize.component": "tensorboards-web-app"},
    (
        Container(
            "tensorboards-web-app",
            f"ghcr.io/kubeflow/notebooks/tensorboards-web-app:{_NOTEBOOKS}",
            {"http": 5000},
        ),
    ),
    {"tensorboards-web-app-service": (Port("http", 80, 5000),)},
)
TENSORBOARD_CONTROLLER = Component(
    "tensorboard-controller-deployment",
    "kubeflow",
    "tensorboard-controller",
    {
        "app": "tensorboard-controller",
        "control-plane": "controller-manager",
        "kustomize.component": "tensorboard-controller",
    },
    (
        Container(
            "manager",
            f"ghcr.io/kubeflow/notebooks/tensorboard-controller:{_NOTEBOOKS}",
            config=TENSORBOARD_CONFIG,
            settings=(
                "RWO_PVC_SCHEDULING",
                "TENSORBOARD_IMAGE",
                "ISTIO_GATEWAY",
                "ISTIO_HOST",
            ),
        ),
        Container("kube-rbac-proxy", "quay.io/brancz/kube-rbac-proxy:v0.8.0"),
    ),
)
KATIB_SECRET = "katib-webhook-cert"  # noqa: S105 the name of a Secret object
KATIB_CONTROLLER = Component(
    "katib-controller",
    "kubeflow",
    "katib-controller",
    {"katib.kubeflow.org/component": "controller", "sidecar.istio.io/inject": "false"},
    (
        Container(
            "katib-controller",
            f"ghcr.io/kubeflow/katib/katib-controller:{_KATIB}",
            {"webhook": 8443},
        ),
    ),
    {"katib-controller": (Port("webhook", 443, 8443),)},
    meshed=False,
    secret=KATIB_SECRET,
    certificates="/tmp/cert",  # noqa: S108 in its pod
)
KATIB_DB_MANAGER = Component(
    "katib-db-manager",
    "kubeflow",
    "default",
    {"katib.kubeflow.org/component": "db-manager", "sidecar.istio.io/inject": "false"},
    (
        Container(
            "katib-db-manager",
            f"ghcr.io/kubeflow/katib/katib-db-manager:{_KATIB}",
            {"api": 6789},
        ),
    ),
    {"katib-db-manager": (Port("api", 6789, 6789),)},
    meshed=False,
)
KATIB_UI = Component(
    "katib-ui",
    "kubeflow",
    "katib-ui",
    {"katib.kubeflow.org/component": "ui", "sidecar.istio.io/inject": "true"},
    (Container("katib-ui", f"ghcr.io/kubeflow/katib/katib-ui:{_KATIB}", {"ui": 8080}),),
    {"katib-ui": (Port("ui", 80, 8080),)},
)
MODEL_REGISTRY = Component(
    "model-registry-deployment",
    "kubeflow",
    "model-registry-server",
    {"component": "model-registry-server", "sidecar.istio.io/inject": "true"},
    (
        Container(
            "rest-container",
            f"ghcr.io/kubeflow/model-registry/server:{_MODEL_REGISTRY}",
            {"http-api": 8080},
        ),
    ),
    {"model-registry-service": (Port("http-api", 8080, 8080),)},
)
TRAINER_SECRET = "kubeflow-trainer-webhook-cert"  # noqa: S105 the name of a Secret object
JOBSET_SECRET = "jobset-webhook-server-cert"  # noqa: S105 the name of a Secret object


def trainer(release: Release) -> Component:
    """Trainer's controller manager."""
    return Component(
        "kubeflow-trainer-controller-manager",
        "kubeflow-system",
        "kubeflow-trainer-controller-manager",
        {
            "app.kubernetes.io/name": "trainer",
            "app.kubernetes.io/component": "manager",
            "app.kubernetes.io/part-of": "kubeflow",
        },
        (
            Container(
                "manager",
                f"ghcr.io/kubeflow/trainer/trainer-controller-manager:{release.version}",
                {"webhook": 9443},
            ),
        ),
        {"kubeflow-trainer-controller-manager": (Port("webhook-server", 443, 9443),)},
        secret=TRAINER_SECRET,
        annotations={"traffic.sidecar.istio.io/excludeInboundPorts": "9443"},
    )


def jobset(release: Release) -> Component:
    """JobSet's controller manager."""
    return Component(
        "jobset-controller-manager",
        "kubeflow-system",
        "jobset-controller-manager",
        {"control-plane": "controller-manager", "app.kubernetes.io/name": "jobset"},
        (
            Container(
                "manager",
                f"registry.k8s.io/jobset/jobset:v{release.jobset}",
                {"webhook-server": 9443},
            ),
        ),
        {"jobset-webhook-service": (Port("webhook", 443, 9443),)},
        secret=JOBSET_SECRET,
        annotations={"traffic.sidecar.istio.io/excludeInboundPorts": "9443"},
    )


OPERATOR_SECRET = "training-operator-webhook-cert"  # noqa: S105 the name of a Secret object
TRAINING_OPERATOR = Component(
    "training-operator",
    "kubeflow",
    "training-operator",
    {"control-plane": "kubeflow-training-operator", "sidecar.istio.io/inject": "false"},
    (
        Container(
            "training-operator",
            "ghcr.io/kubeflow/training-v1/training-operator:v1.9.2",
            {"webhook-server": 9443},
        ),
    ),
    {"training-operator": (Port("webhook-server", 443, 9443),)},
    meshed=False,
    secret=OPERATOR_SECRET,
)
ISTIOD = Component(
    "istiod",
    "istio-system",
    "istiod",
    {"app": "istiod", "istio": "pilot", "app.kubernetes.io/version": ISTIO},
    (
        Container(
            "discovery",
            f"registry.istio.io/release/pilot:{ISTIO}",
            env={"ENABLE_NATIVE_SIDECARS": "true", "PILOT_ENABLE_ALPHA_GATEWAY_API": "false"},
        ),
    ),
    meshed=False,
)
INGRESS_GATEWAY = Component(
    "istio-ingressgateway",
    "istio-system",
    "istio-ingressgateway-service-account",
    {"app": "istio-ingressgateway", "istio": "ingressgateway"},
    (Container("istio-proxy", PROXY_IMAGE, {"http2": 8080}),),
    {"istio-ingressgateway": (Port("http2", 80, 8080),)},
    meshed=False,
)
LOCAL_GATEWAY = Component(
    "cluster-local-gateway",
    "istio-system",
    "cluster-local-gateway-service-account",
    {"app": "cluster-local-gateway", "istio": "cluster-local-gateway"},
    (Container("istio-proxy", PROXY_IMAGE, {"http2": 8080}),),
    {
        "cluster-local-gateway": (Port("http2", 80, 8080),),
        "knative-local-gateway": (Port("http2", 80, 8080),),
    },
    meshed=False,
)
DEX = Component(
    "dex",
    "auth",
    "dex",
    {"app": "dex"},
    (Container("dex", "ghcr.io/dexidp/dex:v2.45.1", {"http": 5556}),),
    {"dex": (Port("dex", 5556, 5556),)},
    meshed=False,
)
OAUTH2_PROXY = Component(
    "oauth2-proxy",
    "oauth2-proxy",
    "oauth2-proxy",
    {"app.kubernetes.io/name": "oauth2-proxy"},
    (Container("oauth2-proxy", "quay.io/oauth2-proxy/oauth2-proxy:v7.15.2", {"http": 4180}),),
    {"oauth2-proxy": (Port("http", 80, 4180),)},
    meshed=False,
)

_ALWAYS = (
    ML_PIPELINE,
    ML_PIPELINE_UI,
    PERSISTENCE_AGENT,
    SCHEDULED_WORKFLOW,
    METADATA,
    METADATA_ENVOY,
    SEAWEEDFS,
    WORKFLOW_CONTROLLER,
    *CERT_MANAGER,
    KSERVE,
)
_MULTI_USER = (
    DASHBOARD,
    PROFILES,
    PROFILE_PIECES,
    POD_DEFAULTS,
    VOLUMES_WEB_APP,
    JUPYTER_WEB_APP,
    NOTEBOOK_CONTROLLER,
    VIEWER_CONTROLLER,
    TENSORBOARDS_WEB_APP,
    TENSORBOARD_CONTROLLER,
    KATIB_CONTROLLER,
    KATIB_DB_MANAGER,
    KATIB_UI,
    MODEL_REGISTRY,
    ISTIOD,
    INGRESS_GATEWAY,
    LOCAL_GATEWAY,
    DEX,
    OAUTH2_PROXY,
)


def components(
    *, multi_user: bool, training: TrainingSettings = DEFAULT_TRAINING
) -> tuple[Component, ...]:
    """All of a platform with these operators, or of stand-alone pipelines."""
    if not multi_user:
        return _ALWAYS
    release = training.release
    older = (TRAINING_OPERATOR,) if training.operator else ()
    return (*_ALWAYS, *_MULTI_USER, trainer(release), jobset(release), *older)
