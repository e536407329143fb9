from pytest_kubeflow.local.scheduler.predicates import Rejection
from pytest_kubeflow.local.scheduler.verdict import impossible, nowhere
from tests.local.scheduler.objects import pod

TAINT = Rejection(("node(s) had untolerated taint {nvidia.com/gpu: present}",))
BUSY = Rejection(("Insufficient cpu", "Insufficient memory"), lasting=False)


def test_reasons_of_all_nodes_are_counted_and_sorted() -> None:
    assert nowhere(pod(), {"a": BUSY, "b": TAINT, "c": BUSY}) == (
        "0/3 nodes are available: 1 node(s) had untolerated taint {nvidia.com/gpu: present}, "
        "2 Insufficient cpu, 2 Insufficient memory. preemption: 0/3 nodes are available: "
        "1 Preemption is not helpful for scheduling, "
        "2 No preemption victims found for incoming pod."
    )


def test_a_pod_that_never_preempts_says_so() -> None:
    assert nowhere(pod(preemptionPolicy="Never"), {"a": TAINT}) == (
        "0/1 nodes are available: 1 node(s) had untolerated taint {nvidia.com/gpu: present}. "
        "preemption: not eligible due to preemptionPolicy=Never."
    )


def test_a_pod_that_no_node_can_take() -> None:
    assert impossible(pod(), 2, 'persistentvolumeclaim "data" not found') == (
        '0/2 nodes are available: persistentvolumeclaim "data" not found. '
        "preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling."
    )


def test_a_cluster_without_nodes() -> None:
    assert nowhere(pod(), {}) == "no nodes available to schedule pods"
