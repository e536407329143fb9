"""Pods that are deleted while others have still to see how they ended."""

from __future__ import annotations

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import PODS
from tests.cluster.remote import wait_until
from tests.local.kubelet.conftest import NAMESPACE, Cluster, phase, sh, state


def finalizers(cluster: Cluster, pod: Object, *names: str) -> None:
    change = {"metadata": {"finalizers": list(names) or None}}
    cluster.do(cluster.client.patch(PODS, pod["metadata"]["name"], change, namespace=NAMESPACE))


def delete(cluster: Cluster, pod: Object) -> None:
    cluster.do(cluster.client.delete(PODS, pod["metadata"]["name"], NAMESPACE, grace_seconds=30))


def test_a_pod_that_is_deleted_ends_once_and_waits_for_its_finalizer(cluster: Cluster) -> None:
    pod = cluster.create(sh("trap 'exit 3' TERM; echo begun; sleep 60 & wait"))
    finalizers(cluster, pod, "example.com/counted")
    cluster.until(pod, lambda one: "running" in state(one))
    wait_until(lambda: "begun" in cluster.log(pod))
    delete(cluster, pod)
    ended = cluster.finished(pod)
    assert phase(ended) == "Failed"
    assert state(ended)["terminated"]["exitCode"] == 3
    over = cluster.until(pod, lambda one: one["metadata"]["deletionGracePeriodSeconds"] == 0)
    change = {"metadata": {"annotations": {"example.com/seen": "yes"}}}
    name = over["metadata"]["name"]
    cluster.do(cluster.client.patch(PODS, name, change, namespace=NAMESPACE))
    # A pod that comes after it has been looked at later.
    cluster.run(sh("true"))
    assert [reason for reason, _ in cluster.events(pod)].count("Started") == 1
    again = cluster.do(cluster.client.get(PODS, name, NAMESPACE))
    assert again["status"] == over["status"]
    finalizers(cluster, pod)
    listed = cluster.do(cluster.client.list(PODS, NAMESPACE))["items"]
    assert name not in {one["metadata"]["name"] for one in listed}
