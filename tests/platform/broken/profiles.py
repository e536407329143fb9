"""Profiles, broken."""

from __future__ import annotations

from tests.platform.broken.fault import Broken
from tests.platform.broken.whole import a_profile
from tests.platform.objects import (
    a_condition,
    a_namespace,
)


def broken() -> dict[str, Broken]:
    """By code."""
    found: dict[str, Broken] = {}
    found["KF601"] = Broken(
        a_profile("two", "mlpipeline-minio-artifact", "kfp-launcher"),
        "profile two is without Secret mlpipeline-minio-artifact, ConfigMap kfp-launcher",
    )
    found["KF602"] = Broken(
        a_profile("two", failed="namespace already exist, but not owned by profile creator x"),
        "profile two has failed: namespace already exist, but not owned by profile creator x",
    )
    found["KF603"] = Broken(
        [
            a_namespace(
                "old",
                a_condition(
                    "NamespaceFinalizersRemaining",
                    "True",
                    "Some content in the namespace has finalizers remaining: clean-metrics-in-db "
                    "in 2 resource instances",
                ),
                deletionTimestamp="2026-01-01T10:00:00Z",
            )
        ],
        "namespace old has been ending since 2026-01-01T10:00:00Z: Some content in the namespace "
        "has finalizers remaining: clean-metrics-in-db in 2 resource instances",
    )
    found["KF604"] = Broken(
        a_profile("two", **{"katib.kubeflow.org/metrics-collector-injection": ""}),
        "profile two is without the label katib.kubeflow.org/metrics-collector-injection: trials "
        "there never end",
    )
    return found
