"""What a Secret holds is in nothing that others read: pods, Workflow, API, records, logs."""

import base64
import json
from typing import Any

from pytest_kubeflow import (
    GivenValuesMaker,
    KubernetesClient,
    PipelineRunner,
)

from .pipelines import reading
from .values import new_secret, new_settings

WORKFLOWS = ("argoproj.io", "v1alpha1")


def forms(value: str | bytes) -> list[str]:
    """How a value may be written."""
    data = value.encode() if isinstance(value, str) else value
    shown = [base64.b64encode(data).decode(), data.hex()]
    if isinstance(value, str):
        shown += [value, json.dumps(value)[1:-1]]
    return shown


def test_values_are_in_nothing_that_is_written(
    run_pipeline: PipelineRunner,
    kf_secret: GivenValuesMaker,
    kf_config_map: GivenValuesMaker,
    kf_kubernetes: KubernetesClient,
    kf_namespace: str,
) -> None:
    """Values of a Secret are in no pod, Workflow, log, record or API response of a run."""
    secret = new_secret()
    names = {
        "secret": kf_secret(secret).name,
        "config_map": kf_config_map(new_settings()).name,
    }
    run = run_pipeline(reading, arguments=names)
    (task,) = run.tasks
    texts: dict[str, Any] = {
        "the answer of the pipelines API": run.document(),
        "what is recorded of its task": task.outputs,
        "the log of its task": task.log(),
    }
    selector = f"pipeline/runid={run.run_id}"
    plain = kf_kubernetes.api_client.sanitize_for_serialization
    pods = kf_kubernetes.core.list_namespaced_pod(kf_namespace, label_selector=selector)
    texts["its pods"] = plain(pods.items)
    group, version = WORKFLOWS
    found = kf_kubernetes.custom.list_namespaced_custom_object(
        group, version, kf_namespace, "workflows", label_selector=selector
    )
    texts["its Workflow"] = found["items"]
    assert len(texts["its pods"]) > 0, f"run {run.name} has no pods that could be looked at"
    for what, text in texts.items():
        written = text if isinstance(text, str) else json.dumps(text, default=str)
        for key, value in secret.items():
            shown = [form for form in forms(value) if form in written]
            assert not shown, f"the Secret's {key} stands in {what} of run {run.name}"
