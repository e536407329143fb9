"""KF1, workloads: those without pods, those that are not ready, and Jobs."""

from __future__ import annotations

from pytest_kubeflow.platform.fault import Fault, Severity

WORKLOAD_WITHOUT_PODS = Fault(
    code="KF103",
    name="workload-without-pods",
    severity=Severity.BROKEN,
    title="A workload of the platform can make no pods",
    symptom=(
        "The Deployment or StatefulSet is 0/1 and there is no pod to look at: a quota, a limit "
        "range, a missing service account or a webhook refuses every one. Waiting for all pods to "
        "be ready does not notice."
    ),
    looked_at=(
        "The condition ReplicaFailure of Deployments and ReplicaSets, and the events FailedCreate "
        "of other workloads with fewer pods than they want."
    ),
    fix=(
        "Do what the message asks for: raise the quota, make the service account, mend the "
        "webhook:\n"
        "    kubectl -n NAMESPACE get events --field-selector reason=FailedCreate\n"
        "    kubectl -n NAMESPACE describe resourcequota,limitrange"
    ),
    source="kubernetes.io/docs/concepts/workloads/controllers/deployment",
)

POD_SECURITY_REFUSED = Fault(
    code="KF104",
    name="pod-security-refused",
    severity=Severity.BROKEN,
    title="Pod Security refuses a workload's pods",
    symptom=(
        'The workload has no pods; FailedCreate says: violates PodSecurity "restricted:latest". '
        "Often the init container istio-init (NET_ADMIN), where Istio's CNI plugin is not "
        "installed, or images of an older release after an upgrade."
    ),
    looked_at="The same as for workloads without pods, with Pod Security's words.",
    fix=(
        "Install Istio with its CNI plugin, give the pods the security context that the message "
        "asks for, or lower the level of the namespace:\n"
        "    kubectl label namespace NAMESPACE pod-security.kubernetes.io/enforce=baseline "
        "--overwrite"
    ),
    source="kubeflow/community-distribution#3015",
    signs=(r'violates PodSecurity "',),
)

WORKLOAD_NOT_READY = Fault(
    code="KF108",
    name="workload-not-ready",
    severity=Severity.BROKEN,
    title="A workload of the platform has fewer ready pods than it wants",
    symptom="The Deployment, StatefulSet or DaemonSet is 0/1 although its containers run.",
    looked_at="Pods that are ready against those that are wanted, where nothing else explains it.",
    fix=(
        "Look at the readiness probe and at the log:\n"
        "    kubectl -n NAMESPACE describe pod POD\n"
        "    kubectl -n NAMESPACE logs POD --all-containers --tail=50"
    ),
    source="kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes",
)

CONTROLLER_MISSING = Fault(
    code="KF109",
    name="controller-missing",
    severity=Severity.BROKEN,
    title="A component's kinds are there, but not its controller",
    symptom="Objects are accepted and nothing happens to them: they never get a status.",
    looked_at=(
        "For each CustomResourceDefinition of a component, whether a workload of the controller's "
        "name or image is anywhere on the cluster."
    ),
    fix=(
        "Install the component again, or remove the definitions that an uninstallation has left:\n"
        "    kubectl get customresourcedefinitions"
    ),
    source="kubeflow/community-distribution:example/kustomization.yaml",
)

ROLLOUT_STUCK = Fault(
    code="KF110",
    name="rollout-stuck",
    severity=Severity.DEGRADED,
    title="A new version of a workload does not come up, and the old one still serves",
    symptom=(
        "An upgrade was applied, and the old pods go on: the Deployment's progress deadline is "
        'over, it is paused, or nobody has taken its change up. With "spec.selector: field is '
        'immutable" the manifests were refused altogether.'
    ),
    looked_at="Progressing, paused and observedGeneration of Deployments.",
    fix=(
        "See what keeps the new pods from becoming ready. A Deployment whose selector has changed "
        "must be deleted and applied again:\n"
        "    kubectl -n NAMESPACE rollout status deployment/NAME\n"
        "    kubectl -n NAMESPACE delete deployment NAME"
    ),
    source="kubeflow/community-distribution#3428",
    signs=(r"spec\.selector: Invalid value:[^\n]*field is immutable",),
)

JOB_KEPT_BY_SIDECAR = Fault(
    code="KF112",
    name="job-kept-by-sidecar",
    severity=Severity.DEGRADED,
    title="A Job does not end, because its mesh proxy runs on",
    symptom=(
        "The containers of a Job, a training or a workflow have ended, and the pod is still "
        "Running with istio-proxy alone. The Job never completes."
    ),
    looked_at=(
        "Pods whose containers have all ended for two minutes, but for an istio-proxy that is an "
        "ordinary container."
    ),
    fix=(
        "Keep the proxy out of such pods by a label of the pod template, or switch native sidecars "
        "on (Kubeflow 1.10 and later have them):\n"
        '    sidecar.istio.io/inject: "false"\n'
        "    kubectl -n istio-system set env deployment/istiod ENABLE_NATIVE_SIDECARS=true"
    ),
    source="kubeflow/trainer#1183",
)

JOB_FAILED = Fault(
    code="KF117",
    name="job-failed",
    severity=Severity.DEGRADED,
    title="A Job of the installation has failed",
    symptom=(
        "A Job that prepares something once (certificates, a migration of stored objects) has used "
        "up its tries, and what it should have made is missing."
    ),
    looked_at="The condition Failed of Jobs in the platform's namespaces that no CronJob made.",
    fix=(
        "Read its log, delete it, and apply its manifest again:\n"
        "    kubectl -n NAMESPACE logs job/NAME --all-containers\n"
        "    kubectl -n NAMESPACE delete job NAME"
    ),
    source="kubernetes.io/docs/concepts/workloads/controllers/job",
)

FAULTS = (
    WORKLOAD_WITHOUT_PODS,
    POD_SECURITY_REFUSED,
    WORKLOAD_NOT_READY,
    CONTROLLER_MISSING,
    ROLLOUT_STUCK,
    JOB_KEPT_BY_SIDECAR,
    JOB_FAILED,
)
