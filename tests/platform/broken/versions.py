"""Releases, definitions and what is left of others, broken."""

from __future__ import annotations

from pytest_kubeflow.platform.snapshot.kind import (
    API_SERVICES,
)
from tests.platform.broken.fault import Broken
from tests.platform.objects import (
    a_condition,
    a_definition,
    a_deployment,
)
from tests.platform.snapshots import an_object


def broken() -> dict[str, Broken]:
    """By code."""
    found: dict[str, Broken] = {}
    old = "docker.io/kubeflowkatib/katib-controller:v0.17.0"
    found["KF711"] = Broken(
        [a_deployment("katib-controller", image=old)],
        "this looks like Kubeflow 26.03.1, but Katib v0.17.0 is of 1.9",
    )
    found["KF712"] = Broken(
        [a_deployment("admission-webhook-deployment")],
        "Deployment kubeflow/admission-webhook-deployment is left from before an upgrade: "
        "poddefaults-webhook-deployment is there in its place",
    )
    found["KF713"] = Broken(
        [
            a_definition(
                "trials.kubeflow.org",
                a_condition("NamesAccepted", "False", '"Trial" is already in use'),
                a_condition("Established", "False", "not all names are accepted"),
            )
        ],
        'CustomResourceDefinition trials.kubeflow.org is not in force: "Trial" is already in use',
    )
    found["KF714"] = Broken(
        [a_definition("trials.kubeflow.org", served=["v1beta1"], stored=["v1alpha3", "v1beta1"])],
        "objects of trials.kubeflow.org may be stored as v1alpha3, which is not served any more "
        "(served: v1beta1)",
    )
    unavailable = a_condition(
        "Available", "False", 'service/metrics-server in "kube-system" is not present', "NotFound"
    )
    found["KF715"] = Broken(
        [an_object(API_SERVICES, "v1.metrics.k8s.io", status={"conditions": [unavailable]})],
        'API service v1.metrics.k8s.io does not answer: service/metrics-server in "kube-system" is '
        "not present",
    )
    found["KF716"] = Broken(
        [
            a_definition("mpijobs.kubeflow.org", served=["v2beta1"]),
            a_deployment("training-operator"),
            a_deployment("mpi-operator", namespace="mpi-operator"),
        ],
        "MPI Operator and Training Operator work on MPIJobs; of mpijobs.kubeflow.org v2beta1 is "
        "served, but Training Operator needs v1",
    )
    webhook = {"clientConfig": {"service": {"namespace": "kubeflow", "name": "gone"}}}
    conversion = {"conversion": {"strategy": "Webhook", "webhook": webhook}}
    found["KF717"] = Broken(
        [a_definition("notebooks.kubeflow.org", spec=conversion)],
        "nobody converts notebooks.kubeflow.org: Service kubeflow/gone is not there",
    )
    return found
