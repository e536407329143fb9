"""The UI shows logs and artifacts of runs, asked as a browser asks."""

import secrets
from urllib.parse import quote, urlsplit

from pytest_kubeflow import CallerSession, Cluster, PipelineRunner

from .pipelines import writing


def test_logs_and_artifacts_of_a_task_are_shown(
    run_pipeline: PipelineRunner, kf_caller: CallerSession, kf_cluster: Cluster, kf_namespace: str
) -> None:
    """The UI's endpoints give the log and the artifact of a task as they were written."""
    text = secrets.token_hex(8)
    run = run_pipeline(writing, arguments={"text": text})
    task = run.task("written")
    place = f"podname={task.pod_name}&runid={run.run_id}&podnamespace={kf_namespace}"
    log = kf_caller.get(f"{kf_cluster.kfp_api_url}/k8s/pod/logs?{place}")
    assert log.status == 200, f"the UI does not show the log of task {task.label}: {log}"
    assert f"wrote: {text}" in log.text, f"the UI shows another log of task {task.label}: {log}"

    uri = urlsplit(task.artifacts["note"].uri)
    key = quote(uri.path.lstrip("/"), safe="")
    where = f"source={uri.scheme}&bucket={uri.netloc}&key={key}&namespace={kf_namespace}"
    shown = kf_caller.get(f"{kf_cluster.kfp_api_url}/artifacts/get?{where}")
    assert shown.status == 200, f"the UI does not show the artifact of task {task.label}: {shown}"
    assert shown.text == text, f"the UI shows another artifact of task {task.label}: {shown}"
