"""Trainer and JobSet, and the Training Operator before them."""

from __future__ import annotations

from pytest_kubeflow.local.platform.components.component import Component, Container, Port
from pytest_kubeflow.local.training.release import Release

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
