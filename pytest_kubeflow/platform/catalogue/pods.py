"""KF1, pods: containers that crash, that the kubelet refuses, and pods without a node."""

from __future__ import annotations

from pytest_kubeflow.platform.fault import Fault, Severity

POD_CRASH_LOOPING = Fault(
    code="KF101",
    name="pod-crash-looping",
    severity=Severity.BROKEN,
    title="A container of the platform crashes again and again",
    symptom=(
        "The pod is in CrashLoopBackOff. What the workload does stands still, and its webhooks "
        "and APIs answer 503."
    ),
    looked_at=(
        "Containers that wait with CrashLoopBackOff, and those that are not ready, were started "
        "three times or more and ended within the last ten minutes."
    ),
    fix=("Read how its last run ended:\n    kubectl -n NAMESPACE logs POD -c CONTAINER --previous"),
    source="kubernetes.io/docs/tasks/debug/debug-application/debug-running-pod",
)

INOTIFY_EXHAUSTED = Fault(
    code="KF102",
    name="inotify-exhausted",
    severity=Severity.BROKEN,
    title="The nodes allow too few inotify instances",
    symptom=(
        'ml-pipeline, the profile controller or katib-controller crash with "too many open files" '
        'or "failed to create fsnotify watcher". Common on kind and on single machines.'
    ),
    looked_at="The log of the last run of containers that crash.",
    fix=(
        "Raise both limits on every node, and in /etc/sysctl.d to keep them after a restart:\n"
        "    sysctl fs.inotify.max_user_instances=2280 fs.inotify.max_user_watches=1255360"
    ),
    source="kubeflow/community-distribution#2087, kubeflow/pipelines#5529, kubeflow/pipelines#6121",
    signs=(
        r"failed to create fsnotify watcher",
        r"(?i:fsnotify|inotify)[^\n]{0,80}(too many open files|no space left on device)",
    ),
)

POD_UNSCHEDULABLE = Fault(
    code="KF105",
    name="pod-unschedulable",
    severity=Severity.BROKEN,
    title="No node can take a pod of the platform",
    symptom="The pod is Pending; its event FailedScheduling says what each node lacks.",
    looked_at="The condition PodScheduled of pods that are Pending for more than two minutes.",
    fix=(
        "Add nodes, or free what the message names (CPU, memory, taints, selectors). All of "
        "Kubeflow asks for some 4.4 CPU, 12.3 GiB of memory and 65 GB of volumes:\n"
        "    kubectl describe nodes | grep -A 8 'Allocated resources'"
    ),
    source="kubeflow/community-distribution:README.md",
)

POD_NOT_ENDING = Fault(
    code="KF106",
    name="pod-not-ending",
    severity=Severity.DEGRADED,
    title="A pod does not end",
    symptom="The pod is Terminating for minutes; its volumes and its name are not free.",
    looked_at="Pods whose time to end was over more than five minutes ago.",
    fix=(
        "If its node is gone for good, or nobody takes the finalizer away:\n"
        "    kubectl -n NAMESPACE delete pod POD --force --grace-period=0\n"
        "    kubectl -n NAMESPACE patch pod POD --type=merge "
        '-p \'{"metadata":{"finalizers":null}}\''
    ),
    source="kubernetes.io/docs/tasks/run-application/force-delete-stateful-set-pod",
)

OUT_OF_MEMORY = Fault(
    code="KF107",
    name="out-of-memory",
    severity=Severity.BROKEN,
    title="A container of the platform was killed because it ran out of memory",
    symptom=(
        "The container's last run ended with OOMKilled (exit code 137). Broken while it crashes "
        "again and again, degraded where it runs again."
    ),
    looked_at="How the last run of each container ended, and its memory limit.",
    fix=(
        "Raise the limit:\n"
        "    kubectl -n NAMESPACE set resources deployment/NAME -c CONTAINER --limits=memory=2Gi"
    ),
    source="kubernetes.io/docs/tasks/configure-pod-container/assign-memory-resource",
)

PROXY_LATE = Fault(
    code="KF111",
    name="proxy-late",
    severity=Severity.DEGRADED,
    title="A container starts before its mesh proxy does",
    symptom=(
        'Controllers crash at their start with "dial tcp 10.96.0.1:443: connect: connection '
        'refused" and run after some restarts: the proxy beside them was not ready.'
    ),
    looked_at="The last log of containers that were restarted beside an ordinary istio-proxy.",
    fix=(
        "Let containers wait for the proxy, by an annotation of the pod template or for the whole "
        "mesh; Kubeflow 1.10 and later have native sidecars instead:\n"
        "    proxy.istio.io/config: '{\"holdApplicationUntilProxyStarts\": true}'"
    ),
    source="kubeflow/kubeflow#7460",
    until="1.9",
)

CONTAINER_CONFIG_REFUSED = Fault(
    code="KF113",
    name="container-config-refused",
    severity=Severity.BROKEN,
    title="A pod refers to a Secret, a ConfigMap or a key that is not there",
    symptom=(
        "The container waits with CreateContainerConfigError (secret ... not found), "
        "or the pod waits in ContainerCreating with the event FailedMount."
    ),
    looked_at="Messages of waiting containers, and the events FailedMount of pods that wait.",
    fix=(
        "Make what is missing: apply the manifests of the component again, or copy the object from "
        "a namespace that has it:\n"
        "    kubectl -n NAMESPACE get secrets,configmaps"
    ),
    source="kubernetes.io/docs/concepts/configuration/secret",
)

CONTAINER_NOT_CREATED = Fault(
    code="KF114",
    name="container-not-created",
    severity=Severity.BROKEN,
    title="The container runtime cannot create or start a container of the platform",
    symptom="The container waits with CreateContainerError or RunContainerError.",
    looked_at="Reasons and messages of waiting containers.",
    fix=(
        "Compare the message with the container's command, its mounts and its security context:\n"
        "    kubectl -n NAMESPACE describe pod POD"
    ),
    source="kubernetes/kubernetes:pkg/kubelet/kuberuntime/kuberuntime_container.go",
)

POD_NETWORK_REFUSED = Fault(
    code="KF115",
    name="pod-network-refused",
    severity=Severity.BROKEN,
    title="The node's network plugin cannot connect a pod",
    symptom=(
        'The pod waits in ContainerCreating; its event FailedCreatePodSandBox says "failed to '
        'setup network for sandbox". Happens while istio-cni or the CNI plugin is away, and where '
        "a node has no free addresses."
    ),
    looked_at="The events FailedCreatePodSandBox of pods that wait for more than two minutes.",
    fix=(
        "Look at the plugin's pods on that node, and at the node's addresses:\n"
        "    kubectl get pods -A -o wide --field-selector spec.nodeName=NODE | grep -i cni"
    ),
    source="kubernetes.io/docs/concepts/extend-kubernetes/compute-storage-net/network-plugins",
    signs=(r"failed to set ?up network for sandbox",),
)

POD_EVICTED = Fault(
    code="KF116",
    name="pod-evicted",
    severity=Severity.NOTICE,
    title="Pods of the platform were evicted",
    symptom='Pods are left as Failed, with the reason Evicted: "The node was low on resource".',
    looked_at="The reason of pods that have failed.",
    fix=(
        "Give the node more of what was low, and remove what is left of the pods:\n"
        "    kubectl -n NAMESPACE delete pods --field-selector status.phase=Failed"
    ),
    source="kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction",
)

FAULTS = (
    POD_CRASH_LOOPING,
    INOTIFY_EXHAUSTED,
    POD_UNSCHEDULABLE,
    POD_NOT_ENDING,
    OUT_OF_MEMORY,
    PROXY_LATE,
    CONTAINER_CONFIG_REFUSED,
    CONTAINER_NOT_CREATED,
    POD_NETWORK_REFUSED,
    POD_EVICTED,
)
