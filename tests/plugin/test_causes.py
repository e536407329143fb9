"""The sentence of a failed test names the cause: of a component, its driver, its pod, or Argo."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.ports.portforward import PortForward
from tests.cluster.remote import NAMESPACE, Remote

PIPELINES = """
import pytest
from typing import List
from kfp import dsl, kubernetes

IMAGE = "python:3.11-slim"

@dsl.component(base_image=IMAGE)
def exits():
    print("the last words")
    raise SystemExit(3)

@dsl.component(base_image=IMAGE)
def seven() -> int:
    return 7

@dsl.component(base_image=IMAGE)
def twice(x: int) -> int:
    return 2 * x

@dsl.component(base_image=IMAGE)
def total(xs: List[int]) -> int:
    return sum(xs)

@dsl.component(base_image=IMAGE)
def hangs():
    import time
    print("still at it", flush=True)
    time.sleep(300)

@dsl.component(base_image="registry.invalid/no/such:image")
def unpulled():
    pass
"""

FAILING = (
    PIPELINES
    + """
@dsl.pipeline(name="exit3")
def exit3():
    with dsl.ParallelFor([1]) as x:
        exits()

@dsl.pipeline(name="secret")
def secret():
    kubernetes.use_secret_as_env(
        seven(), secret_name="no-such-secret", secret_key_to_env={"a": "A"})

@dsl.pipeline(name="mounted")
def mounted():
    kubernetes.use_config_map_as_volume(
        seven(), config_map_name="no-such-map", mount_path="/there")

@dsl.pipeline(name="claim")
def claim():
    kubernetes.mount_pvc(seven(), pvc_name="no-such-claim", mount_path="/there")

@dsl.pipeline(name="driver")
def driver():
    kubernetes.CreatePVC(
        pvc_name="a", pvc_name_suffix="-b", access_modes=["ReadWriteOnce"], size="1Mi")

@pytest.mark.kf_pipeline(driver)
def test_driver(pipeline_run): pass

@pytest.mark.kf_pipeline(exit3)
def test_exit_code(pipeline_run): pass

@pytest.mark.kf_pipeline(unpulled)
def test_image(pipeline_run): pass

@pytest.mark.kf_pipeline(secret)
def test_secret(pipeline_run): pass

@pytest.mark.kf_pipeline(mounted)
def test_mount(pipeline_run): pass

@pytest.mark.kf_pipeline(claim)
def test_claim(pipeline_run): pass

@pytest.mark.kf_pipeline(hangs, timeout=8)
def test_timeout(pipeline_run): pass
"""
)

SENTENCES = {
    "test_driver": r"run driver-\S+ ended FAILED, not SUCCEEDED: task createpvc is FAILED \(KFP "
    r"driver: driver.Container\(...\) failed: failed to create pvc: at most one of [^)]*\)$",
    "test_exit_code": r"run exit3-\S+ ended FAILED, not SUCCEEDED: task for-loop-\d\[0\]/exits is "
    r"FAILED \(exit code 3\); it said last: .*the last words$",
    "test_image": r"run unpulled-\S+ is RUNNING and will not go on: task unpulled cannot start: "
    r"(ErrImagePull|ImagePullBackOff) registry.invalid/no/such:image: .* \(for 3 s, .*"
    r"--kf-start-timeout allows\)",
    "test_secret": r"task seven cannot start: CreateContainerConfigError: .*no-such-secret",
    "test_mount": r"task seven cannot start: FailedMount: .*no-such-map",
    "test_claim": r'task seven cannot start: Unschedulable: .*"no-such-claim" not found',
    "test_timeout": r"timed out after 8 s waiting for run hangs-\S+ to end; last state: RUNNING; "
    r"task hangs is RUNNING; it said last: still at it",
}


def sentences(output: str) -> dict[str, str]:
    """What a session says of each test."""
    parts = re.split(r"(?m)^_{3,} (?:ERROR at setup of )?(test_\w+) _{3,}$", output)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_each_has_its_cause(remote: Remote, tmp_path: Path) -> None:
    (tmp_path / "test_failing.py").write_text(FAILING)
    code, output = remote.run(tmp_path, "--kf-start-timeout=3", seconds=150)
    assert code == 1, output
    found = sentences(output)
    assert found.keys() == SENTENCES.keys(), output
    for test, sentence in SENTENCES.items():
        first = next(line for line in found[test].splitlines() if "run " in line)
        assert re.search(sentence, first.removeprefix("E").strip()), f"{sentence}\n{found[test]}"


def test_a_deadline_before_the_start_timeout_has_the_same_cause(
    remote: Remote, tmp_path: Path
) -> None:
    (tmp_path / "test_failing.py").write_text(FAILING)
    code, output = remote.run(tmp_path, "--kf-timeout=10", "-k", "test_mount", seconds=90)
    assert code == 1, output
    assert re.search(
        r"timed out after 10 s waiting for run mounted-\S+ to end; last state: \w+; "
        r"task seven has not started: FailedMount: .*no-such-map",
        output,
    ), output


def test_the_table_of_tasks_has_the_exit_code_of_the_component(
    remote: Remote, tmp_path: Path
) -> None:
    (tmp_path / "test_failing.py").write_text(FAILING)
    code, output = remote.run(tmp_path, "-k", "test_exit_code", seconds=90)
    assert code == 1, output
    assert re.search(r"(?m)for-loop-\d\[0\]/exits +FAILED +[\d.]+ s  exit code 3$", output), output


@contextmanager
def fault(remote: Remote, name: str) -> Iterator[None]:
    remote.core.create_namespaced_config_map(
        "kube-system", {"metadata": {"name": "embedded-faults"}, "data": {name: "on"}}
    )
    try:
        yield
    finally:
        remote.core.delete_namespaced_config_map("embedded-faults", "kube-system")


FORBIDDEN = (
    PIPELINES
    + """
@pytest.mark.kf_pipeline(seven)
def test_seven(pipeline_run): pass
"""
)


def test_a_failure_after_the_components_success(remote: Remote, tmp_path: Path) -> None:
    (tmp_path / "test_forbidden.py").write_text(FORBIDDEN)
    with fault(remote, "executor-forbidden"):
        code, output = remote.run(tmp_path, seconds=150)
    assert code == 1, output
    assert re.search(
        r"run seven-\S+ ended FAILED, not SUCCEEDED: task seven is FAILED \(wait: Error \(exit "
        r"code 64\): workflowtaskresults.argoproj.io is forbidden: User \"system:serviceaccount:",
        output,
    ), output


OUTPUTS = (
    PIPELINES
    + """
@dsl.container_component
def by_file(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image="busybox", command=["sh", "-c", 'printf 7 > "$0"'], args=[out])

@pytest.mark.kf_pipeline(seven)
def test_seven(pipeline_run):
    assert pipeline_run.task("seven").output == 7
    assert isinstance(pipeline_run.outputs["Output"], int)

@pytest.mark.kf_pipeline(by_file)
def test_by_file(pipeline_run):
    assert pipeline_run.task("by-file").output == "7"
"""
)


def test_outputs_by_the_address_of_the_api_alone(remote: Remote, tmp_path: Path) -> None:
    """As programs in the cluster use it: ML Metadata is not behind it, but has its own Service."""
    (tmp_path / "test_outputs.py").write_text(OUTPUTS)
    kubernetes = KubernetesClient(remote.endpoints.kubeconfig)
    with PortForward(kubernetes, "kubeflow", "ml-pipeline", 8888) as forward:
        check_outputs(remote, tmp_path, forward.url)
    kubernetes.close()


def check_outputs(remote: Remote, tmp_path: Path, host: str) -> None:
    request = {"spec": {"audiences": ["pipelines.kubeflow.org"], "expirationSeconds": 3600}}
    token = remote.core.create_namespaced_service_account_token(
        "default-editor", NAMESPACE, request
    ).status.token
    file = tmp_path / "token"
    file.write_text(token)
    options = [
        f"--kf-host={host}",
        f"--kf-token-file={file}",
        "--kf-auth=token",
        f"--kf-namespace={NAMESPACE}",
        f"--kf-kubeconfig={remote.endpoints.kubeconfig}",
    ]
    code, output = remote.run_with(tmp_path, *options, seconds=150)
    assert code == 0, output
    # Without that Service the logs of pods are left, which have not all.
    metadata = remote.core.read_namespaced_service("metadata-grpc-service", "kubeflow")
    remote.core.delete_namespaced_service("metadata-grpc-service", "kubeflow")
    try:
        code, output = remote.run_with(tmp_path, *options, seconds=150)
    finally:
        metadata.metadata.resource_version = None
        metadata.metadata.uid = None
        remote.core.create_namespaced_service("kubeflow", metadata)
    assert code == 1, output
    assert re.search(r"test_seven PASSED|1 failed, 1 passed", output), output
    assert re.search(
        r"task by-file \(SUCCEEDED\): outputs were not read: ML Metadata answers HTTP 404: .*; .*"
        r"metadata-grpc-service.*; the log of pod by-file-\S+ has no ExecutorOutput",
        output,
    ), output
