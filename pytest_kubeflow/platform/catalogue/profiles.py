"""KF6: profiles and their namespaces."""

from __future__ import annotations

from pytest_kubeflow.platform.fault import Fault, Severity

PROFILE_PIECES_MISSING = Fault(
    code="KF601",
    name="profile-pieces-missing",
    severity=Severity.BROKEN,
    title="A profile's namespace lacks what its controllers should have put there",
    symptom=(
        "Runs wait with FailedMount or CreateContainerConfigError for mlpipeline-minio-artifact, "
        "notebooks have no default-editor, the owner has no rights: a controller is down, or its "
        "registration with Metacontroller is gone."
    ),
    looked_at=(
        "Of each profile: its namespace, service accounts and role bindings default-editor and "
        "default-viewer, namespaceAdmin, AuthorizationPolicy ns-owner-access-istio; where "
        "pipelines are on, Secret mlpipeline-minio-artifact and ConfigMaps "
        "metadata-grpc-configmap, kfp-launcher and artifact-repositories (the last two from "
        "Pipelines 2.15 on)."
    ),
    fix=(
        "Bring the controllers back, which then make what is missing:\n"
        "    kubectl -n kubeflow rollout restart deployment/profiles-deployment\n"
        "    kubectl -n kubeflow rollout restart statefulset/metacontroller "
        "deployment/kubeflow-pipelines-profile-controller\n"
        "    kubectl get decoratorcontrollers"
    ),
    source="kubeflow/pipelines#12480, kubeflow/kubeflow#5273, shikanon/kubeflow-manifests#70",
    signs=(
        r'secret "mlpipeline-minio-artifact" not found',
        r'configmap "metadata-grpc-configmap" not found',
    ),
)

PROFILE_FAILED = Fault(
    code="KF602",
    name="profile-failed",
    severity=Severity.BROKEN,
    title="A profile cannot have its namespace",
    symptom=(
        'The profile has the condition Failed: "namespace already exist, but not owned by profile '
        'creator". Its owner sees no namespace in the dashboard.'
    ),
    looked_at="The condition Failed of profiles, and the annotation owner of their namespaces.",
    fix=(
        "Give the namespace to the profile's owner, or delete the profile and choose another "
        "name:\n"
        "    kubectl annotate namespace NAME owner=EMAIL --overwrite"
    ),
    source="kubeflow/dashboard:components/profile-controller",
    signs=(r"namespace already exist, but not owned by profile creator",),
)

NAMESPACE_NOT_ENDING = Fault(
    code="KF603",
    name="namespace-not-ending",
    severity=Severity.DEGRADED,
    title="A namespace does not end",
    symptom=(
        "It is Terminating for minutes: objects in it have finalizers (clean-metrics-in-db of "
        "Katib's trials, profile-finalizer) whose controller is down, or a part of the API cannot "
        "be listed."
    ),
    looked_at=(
        "Namespaces whose deletion began more than five minutes ago, and their conditions. Those "
        "that are neither of the platform nor of a profile are a notice."
    ),
    fix=(
        "Bring the controller back that the finalizer names. Only if it is gone for good:\n"
        "    kubectl -n NAMESPACE patch KIND NAME --type=merge "
        '-p \'{"metadata":{"finalizers":null}}\''
    ),
    source="kubernetes.io/docs/concepts/overview/working-with-objects/finalizers",
)

METRICS_INJECTION_OFF = Fault(
    code="KF604",
    name="metrics-injection-off",
    severity=Severity.DEGRADED,
    title="Katib gets no metrics from a profile",
    symptom=(
        "Jobs of trials complete and the trials are Running for ever: no metrics collector is put "
        "beside them, because the namespace lacks Katib's label."
    ),
    looked_at=(
        "The label katib.kubeflow.org/metrics-collector-injection of profiles' namespaces, where "
        "Katib is installed."
    ),
    fix=(
        "Set the label, and start the experiments again:\n"
        "    kubectl label namespace NAME katib.kubeflow.org/metrics-collector-injection=enabled"
    ),
    source="kubeflow/katib#1801, kubeflow/katib#1033, kubeflow/katib#823",
)

FAULTS = (PROFILE_PIECES_MISSING, PROFILE_FAILED, NAMESPACE_NOT_ENDING, METRICS_INJECTION_OFF)
