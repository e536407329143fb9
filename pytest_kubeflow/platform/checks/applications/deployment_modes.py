"""Deployment modes of InferenceServices, whose names KServe has changed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_kubeflow.platform.catalogue.applications import DEPLOYMENT_MODE_OLD
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.snapshot import Snapshot
from pytest_kubeflow.platform.snapshot.fields import items, name_of, pairs, text
from pytest_kubeflow.platform.snapshot.kind import DEPLOYMENTS, INFERENCE_SERVICES

_ANNOTATION = "serving.kserve.io/deploymentMode"
_NEW_NAMES = {"RawDeployment": "Standard", "Serverless": "Knative"}
_RELEASE = re.compile(r":v?(\d+)\.(\d+)")
_RENAMED = (0, 16)


def check_deployment_modes(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether an InferenceService names a mode as its controller does no longer."""
    renamed = _controller(snapshot) >= _RENAMED
    for service in snapshot.all(INFERENCE_SERVICES):
        mode = pairs(service, "metadata", "annotations").get(_ANNOTATION, "")
        new = _NEW_NAMES.get(mode)
        is_now = text(service, "status", "deploymentMode")
        if new is None or not (renamed or is_now == new):
            continue
        namespace, name = (text(service, "metadata", one) for one in ("namespace", "name"))
        yield Finding(
            fault=DEPLOYMENT_MODE_OLD,
            component="kserve",
            severity=DEPLOYMENT_MODE_OLD.severity,
            sentence=f"InferenceService {name_of(service)} has the mode {mode}, which KServe calls "
            f"{new} now: updates of it are refused, with release 0.16 its deletion too",
            fix=f"kubectl -n {namespace} annotate --overwrite inferenceservice {name} "
            f"{_ANNOTATION}={new}",
            objects=(f"InferenceService {namespace}/{name}",),
        )


def _controller(snapshot: Snapshot) -> tuple[int, int]:
    """The release of KServe's controller; (0, 0) where it was not seen."""
    for deployment in snapshot.all(DEPLOYMENTS):
        if text(deployment, "metadata", "name") != "kserve-controller-manager":
            continue
        for container in items(deployment, "spec", "template", "spec", "containers"):
            image = text(container, "image")
            found = _RELEASE.search(image) if "kserve" in image else None
            if found is not None:
                return int(found[1]), int(found[2])
    return 0, 0
