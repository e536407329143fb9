"""Parts: what a Kubeflow is made of, by the Deployments and images that show that it is there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A component with a controller of its own, as in kubeflow/community-distribution."""

    name: str
    namespace: str
    deployments: tuple[str, ...]
    """The controller's, that of the newest release first; a workload of another kind counts too."""

    images: tuple[str, ...]
    """How its repositories end: "pilot" of gcr.io/istio-release/pilot."""

    resources: tuple[str, ...] = ()
    """Those that nothing happens to without the controller: "notebooks.kubeflow.org"."""

    optional: bool = False
    """Whether releases leave it out, or a cluster may have its definitions alone."""

    reported: bool = False
    """Whether reports tell its release."""


PARTS: tuple[Part, ...] = (
    Part(
        name="KServe",
        namespace="kubeflow",
        deployments=("kserve-controller-manager",),
        images=("kserve-controller",),
        resources=("inferenceservices.serving.kserve.io",),
        reported=True,
    ),
    Part(
        name="Istio",
        namespace="istio-system",
        deployments=("istiod",),
        images=("pilot", "pilot-distroless"),
        resources=("virtualservices.networking.istio.io",),
        reported=True,
    ),
    Part(
        name="Katib",
        namespace="kubeflow",
        deployments=("katib-controller",),
        images=("katib-controller",),
        resources=("experiments.kubeflow.org", "trials.kubeflow.org"),
        reported=True,
    ),
    Part(
        name="Trainer",
        namespace="kubeflow-system",
        deployments=("kubeflow-trainer-controller-manager",),
        images=("trainer-controller-manager",),
        resources=("trainjobs.trainer.kubeflow.org",),
        reported=True,
    ),
    Part(
        name="JobSet",
        namespace="kubeflow-system",
        deployments=("jobset-controller-manager",),
        images=("jobset/jobset",),
        resources=("jobsets.jobset.x-k8s.io",),
    ),
    Part(
        name="Training Operator",
        namespace="kubeflow",
        deployments=("training-operator",),
        images=("training-operator",),
        resources=("pytorchjobs.kubeflow.org", "tfjobs.kubeflow.org"),
        optional=True,
        reported=True,
    ),
    Part(
        name="MPI Operator",
        namespace="mpi-operator",
        deployments=("mpi-operator",),
        images=("mpi-operator",),
        optional=True,
    ),
    Part(
        name="Notebooks",
        namespace="kubeflow",
        deployments=("notebook-controller-deployment",),
        images=("notebook-controller",),
        resources=("notebooks.kubeflow.org",),
        reported=True,
    ),
    Part(
        name="TensorBoards",
        namespace="kubeflow",
        deployments=("tensorboard-controller-deployment",),
        images=("tensorboard-controller",),
        resources=("tensorboards.tensorboard.kubeflow.org",),
    ),
    Part(
        name="PVC Viewer",
        namespace="kubeflow",
        deployments=("pvcviewer-controller-manager",),
        images=("pvcviewer-controller",),
        resources=("pvcviewers.kubeflow.org",),
    ),
    Part(
        name="Dashboard",
        namespace="kubeflow",
        deployments=("dashboard", "centraldashboard"),
        images=("dashboard/dashboard", "central-dashboard", "centraldashboard"),
    ),
    Part(
        name="Profiles",
        namespace="kubeflow",
        deployments=("profiles-deployment",),
        images=("profile-controller",),
        resources=("profiles.kubeflow.org",),
    ),
    Part(
        name="PodDefaults",
        namespace="kubeflow",
        deployments=("poddefaults-webhook-deployment", "admission-webhook-deployment"),
        images=("poddefaults-webhook",),
        resources=("poddefaults.kubeflow.org",),
    ),
    Part(
        name="Pipelines",
        namespace="kubeflow",
        deployments=("ml-pipeline",),
        images=("kfp-api-server", "ml-pipeline/api-server"),
    ),
    Part(
        name="Scheduled Workflows",
        namespace="kubeflow",
        deployments=("ml-pipeline-scheduledworkflow",),
        images=("kfp-scheduled-workflow-controller", "scheduledworkflow"),
        resources=("scheduledworkflows.kubeflow.org",),
    ),
    Part(
        name="Argo Workflows",
        namespace="kubeflow",
        deployments=("workflow-controller",),
        images=("workflow-controller",),
        resources=("workflows.argoproj.io",),
        reported=True,
    ),
    Part(
        name="Metacontroller",
        namespace="kubeflow",
        deployments=("metacontroller",),
        images=("metacontroller", "metacontrollerio"),
        resources=("decoratorcontrollers.metacontroller.k8s.io",),
    ),
    Part(
        name="Spark Operator",
        namespace="kubeflow",
        deployments=("spark-operator-controller", "spark-operator"),
        images=("spark-operator/controller", "spark-operator"),
        resources=("sparkapplications.sparkoperator.k8s.io",),
        optional=True,
    ),
    Part(
        name="Knative Serving",
        namespace="knative-serving",
        deployments=("controller",),
        images=("serving/cmd/controller",),
        resources=("services.serving.knative.dev",),
    ),
    Part(
        name="cert-manager",
        namespace="cert-manager",
        deployments=("cert-manager",),
        images=("cert-manager-controller",),
        resources=("certificates.cert-manager.io",),
    ),
)


def repository_of(image: str) -> str:
    """The repository of an image: gcr.io/istio-release/pilot of gcr.io/istio-release/pilot:1.29."""
    name = image.partition("@")[0]
    before, colon, tag = name.rpartition(":")
    return before if colon and "/" not in tag else name


def tag_of(image: str) -> str:
    """The tag of an image, such as v0.15.2 of kserve/controller:v0.15.2; latest without one."""
    name = image.partition("@")[0]
    _, colon, tag = name.rpartition(":")
    return tag if colon and "/" not in tag else "latest"
