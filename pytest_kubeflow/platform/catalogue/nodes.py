"""KF5: nodes and their clocks."""

from __future__ import annotations

from pytest_kubeflow.platform.fault import Fault, Severity

NODE_NOT_READY = Fault(
    code="KF501",
    name="node-not-ready",
    severity=Severity.BROKEN,
    title="A node is not ready",
    symptom="Its pods are Terminating or not ready, and none is placed on it.",
    looked_at=(
        "The condition Ready of nodes that do not just join or leave. Without pods of the platform "
        "on it (other than those of DaemonSets) a node is one fewer: degraded."
    ),
    fix=(
        "Look at the node's kubelet and container runtime:\n"
        "    kubectl describe node NODE\n"
        "    journalctl -u kubelet --since -10min"
    ),
    source="kubernetes.io/docs/concepts/architecture/nodes",
)

NODE_UNDER_PRESSURE = Fault(
    code="KF502",
    name="node-under-pressure",
    severity=Severity.DEGRADED,
    title="A node runs out of memory, disk space or process ids",
    symptom=(
        "Pods are evicted from it and none is placed on it; images are removed and pulled again."
    ),
    looked_at="The conditions MemoryPressure, DiskPressure and PIDPressure of nodes.",
    fix=(
        "Free or add what is short; images that nobody uses can go at once:\n"
        "    kubectl describe node NODE\n"
        "    crictl rmi --prune"
    ),
    source="kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction",
)

CLOCK_SKEW = Fault(
    code="KF503",
    name="clock-skew",
    severity=Severity.BROKEN,
    title="A clock goes wrong",
    symptom=(
        'Tokens are "not yet valid" or "expired" the moment they are made, logins come back to the '
        "login page, the object store answers RequestTimeTooSkewed (from 15 minutes on), and "
        "recurring runs start at the wrong time."
    ),
    looked_at=(
        "The time at which each kubelet says it has renewed its lease against the time at which "
        "the API server has written it down (or against the server's own time), and the time in "
        "the session's token. Degraded from 10 seconds on, broken from a minute on."
    ),
    fix=(
        "Let the node's clock follow a time server:\n"
        "    timedatectl set-ntp true && timedatectl timesync-status"
    ),
    source="kubernetes.io/docs/concepts/architecture/leases",
    signs=(
        r"RequestTimeTooSkewed",
        r"(?i:jwt (is )?not yet valid)",
        r"(?i:token (is )?(not yet valid|used before issued))",
    ),
)

KUBELET_VERSION_DIFFERS = Fault(
    code="KF504",
    name="kubelet-version-differs",
    severity=Severity.DEGRADED,
    title="Kubelets are of a release that does not go with the API server's, or with each other's",
    symptom=(
        "Pods behave differently from node to node, and new fields (sidecar containers, image "
        "volumes) are ignored on some. A kubelet may be up to three minor releases older than the "
        "API server, and never newer. Within these bounds a mixture is a notice."
    ),
    looked_at="kubeletVersion of nodes, and the API server's version.",
    fix=(
        "Finish the upgrade of the nodes:\n"
        "    kubectl get nodes -o wide\n"
        "    kubectl drain NODE --ignore-daemonsets --delete-emptydir-data"
    ),
    source="kubernetes.io/releases/version-skew-policy",
)

NODE_CORDONED = Fault(
    code="KF505",
    name="node-cordoned",
    severity=Severity.NOTICE,
    title="A node takes no new pods",
    symptom="It is Ready,SchedulingDisabled: somebody has cordoned or drained it.",
    looked_at="spec.unschedulable of nodes.",
    fix="When the work on it is done:\n    kubectl uncordon NODE",
    source="kubernetes.io/docs/tasks/administer-cluster/safely-drain-node",
)

FAULTS = (
    NODE_NOT_READY,
    NODE_UNDER_PRESSURE,
    CLOCK_SKEW,
    KUBELET_VERSION_DIFFERS,
    NODE_CORDONED,
)
