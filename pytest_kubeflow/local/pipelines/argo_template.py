"""Packages of KFP 1, which are Argo Workflows: what the API server makes of one for a run.

Source: kubeflow/pipelines backend/src/apiserver/template/argo_template.go (RunWorkflow) and
backend/src/common/util/workflow.go (GenerateRetryExecution). The workflow controller runs them.
"""

from __future__ import annotations

import copy
import json
import secrets
import string
from collections.abc import Mapping
from typing import Any

from pytest_kubeflow.local.argonames import pod_name
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.pipelines.macros import Macros

Json = Any

SDK_ACCOUNT = "pipeline-runner"
"""The service account that KFP's SDK 1 writes into its packages; it counts as none."""

_CACHE = "pipelines.kubeflow.org/cache_enabled"
_SIDECAR = "sidecar.istio.io/inject"
_OPTIONAL = frozenset({"mlpipeline-ui-metadata", "mlpipeline-metrics"})
_ENDED_LABELS = ("workflows.argoproj.io/completed", "workflow/persisted_final_state")
_PHASE_LABEL = "workflows.argoproj.io/phase"
_LETTERS = string.ascii_lowercase + string.digits


def account_of(package: Mapping[str, Json], default: str) -> str:
    """The service account of a run that names none."""
    own = (package.get("spec") or {}).get("serviceAccountName") or SDK_ACCOUNT
    return default if own == SDK_ACCOUNT else str(own)


def name_of(package: Mapping[str, Json]) -> str:
    """A name for its Workflow: its own, or one that begins as it says."""
    metadata = package.get("metadata") or {}
    if name := metadata.get("name"):
        return str(name)
    stem = str(metadata.get("generateName") or "")
    return stem[:58] + "".join(secrets.choice(_LETTERS) for _ in range(5))


def workflow_of(
    package: Mapping[str, Json], macros: Macros, *, account: str, run_label: str
) -> Object:
    """The Workflow of a run, without name and namespace.

    Arguments of a run are not looked at: API version 2 has none for these packages, and the
    parameters keep the values that the package gives them. Macros in those are replaced.
    """
    # The UID in a package is that of the run, wherever it stands.
    text = json.dumps(package).replace("{{workflow.uid}}", macros.run_id)
    made: Object = json.loads(text)
    spec, metadata = made["spec"], made.get("metadata") or {}
    arguments = spec.setdefault("arguments", {})
    parameters = {
        one["name"]: one["value"] if isinstance(one["value"], str) else json.dumps(one["value"])
        for one in arguments.get("parameters") or []
        if one.get("value") is not None
    }
    values = macros.expand(parameters)
    arguments["parameters"] = [
        {"name": one["name"], **({"value": values[one["name"]]} if one["name"] in values else {})}
        for one in arguments.get("parameters") or []
    ]
    for template in spec.get("templates") or []:
        found = template["metadata"] = dict(template.get("metadata") or {})
        found["labels"] = {**(found.get("labels") or {}), _CACHE: "true"}
        found["annotations"] = {_SIDECAR: "false", **(found.get("annotations") or {})}
        for artifact in (template.get("outputs") or {}).get("artifacts") or []:
            if artifact.get("name") in _OPTIONAL:
                artifact["optional"] = True
    pods = spec["podMetadata"] = dict(spec.get("podMetadata") or {})
    pods["labels"] = {**(pods.get("labels") or {}), run_label: macros.run_id}
    spec["serviceAccountName"] = account
    return {
        "metadata": {
            "labels": {**(metadata.get("labels") or {}), run_label: macros.run_id},
            "annotations": dict(metadata.get("annotations") or {}),
        },
        "spec": spec,
    }


def retried(workflow: Object, generation: int) -> tuple[Object, list[str]]:
    """A Workflow that failed, as it goes on from what succeeded, and the pods that are to go."""
    made = copy.deepcopy(workflow)
    metadata, status = made["metadata"], made["status"]
    labels = metadata.setdefault("labels", {})
    for one in _ENDED_LABELS:
        labels.pop(one, None)
    labels[_PHASE_LABEL] = "Running"
    if made["spec"].get("activeDeadlineSeconds") == 0:
        del made["spec"]["activeDeadlineSeconds"]
    status |= {"phase": "Running", "retryGeneration": generation}
    status["conditions"] = [
        {**one, "status": "False"} if one["type"] == "Completed" else one
        for one in status.get("conditions") or []
    ]
    for one in ("message", "finishedAt"):
        status.pop(one, None)
    at_exit = f"{metadata['name']}.onExit"
    kept: dict[str, Object] = {}
    gone: list[str] = []
    for key, node in (status.get("nodes") or {}).items():
        belongs_to_exit = node["name"].startswith(at_exit)
        if node["phase"] in {"Succeeded", "Skipped"} and not belongs_to_exit:
            kept[key] = node
        elif node["type"] == "DAG" and not belongs_to_exit:
            node["phase"] = "Running"
            node.pop("message", None)
            node.pop("finishedAt", None)
            kept[key] = node
        elif node["type"] == "Pod":
            gone.append(pod_name(metadata["name"], node["name"], node.get("templateName", "")))
    for node in kept.values():
        for field in ("children", "outboundNodes"):
            if field in node:
                node[field] = [one for one in node[field] if one in kept]
    status["nodes"] = kept
    return made, gone
