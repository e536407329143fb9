"""What cannot be served is told as KServe tells it, and is never called ready."""

from __future__ import annotations

import io
from typing import Any

import pytest

from tests.local.serving.platform import BUCKET, Platform, Service, eventually


def failure_of(service: Service) -> dict[str, Any]:
    """Wait for `lastFailureInfo`; the service must not be ready meanwhile."""

    def told() -> Any:
        assert not service.ready
        return (service.status.get("modelStatus") or {}).get("lastFailureInfo")

    found: dict[str, Any] = eventually(told)
    return found


def says(platform: Platform, pod: Any, container: str, text: str) -> None:
    """Wait until the container's log has `text`: one that has just been restarted has none yet."""

    def told() -> bool:
        return text in platform.core.read_namespaced_pod_log(
            pod.metadata.name, platform.namespace, container=container
        )

    eventually(told)


@pytest.mark.parametrize(
    ("uri", "account", "told"),
    [
        (f"s3://{BUCKET}/nowhere", "models", "Failed to fetch model. No model found in nowhere."),
        ("s3://no-such-bucket/iris", "models", "S3 resource 'no-such-bucket' not found."),
        (f"s3://{BUCKET}/iris", "default", "S3 authentication failed. Set AWS_ACCESS_KEY_ID"),
        (f"s3://{BUCKET}/iris", "wrong-keys", "S3 error [403]: Forbidden"),
        ("https://example.com/model.joblib", "models", "https:// is not reachable"),
        ("file:///nowhere", "models", "Local path /nowhere does not exist."),
    ],
)
def test_a_model_that_cannot_be_fetched(
    platform: Platform, uri: str, account: str, told: str
) -> None:
    if account == "wrong-keys":
        platform.account(account, "nobody", "nothing-at-all")
    service = platform.serve(uri, account=account)
    info = failure_of(service)
    assert (info["reason"], info["exitCode"]) == ("ModelLoadFailed", 1)
    assert told in info["message"]
    status = service.status
    assert status["modelStatus"]["transitionStatus"] == "BlockedByFailedLoad"
    assert status["modelStatus"]["states"]["targetModelState"] == "FailedToLoad"
    assert service.condition("PredictorReady")["status"] == "False"
    assert "url" not in status
    (pod,) = service.pods()
    says(platform, pod, "storage-initializer", "Storage initialization failed")
    service.delete()


def test_keys_that_may_not_read_the_bucket(platform: Platform) -> None:
    secret = platform.core.read_namespaced_secret("mlpipeline-minio-artifact", platform.namespace)
    import base64

    access, key = (
        base64.b64decode(secret.data[name]).decode() for name in ("accesskey", "secretkey")
    )
    platform.account("profile", access, key)
    service = platform.serve(account="profile")
    info = failure_of(service)
    assert info["exitCode"] == 1
    assert "S3 error [403]: Forbidden" in info["message"] or "Access denied" in info["message"]
    service.delete()


def test_a_directory_without_a_model_is_never_ready(platform: Platform) -> None:
    platform.put("empty/README.md", b"no model here")
    service = platform.serve(f"s3://{BUCKET}/empty")
    (pod,) = eventually(service.pods)

    def log() -> bool:
        text = platform.core.read_namespaced_pod_log(
            pod.metadata.name, platform.namespace, container="kserve-container"
        )
        return "failed to locate model file" in text and "Uvicorn running" in text

    eventually(lambda: _running(platform, pod) and log())
    eventually(lambda: any("statuscode: 404" in one for one in _messages(platform, pod)))
    assert not service.ready
    assert service.status["modelStatus"]["states"]["targetModelState"] == "Pending"
    service.delete()


def _running(platform: Platform, pod: Any) -> bool:
    read = platform.core.read_namespaced_pod(pod.metadata.name, platform.namespace)
    return any(one.state.running for one in read.status.container_statuses or [])


def _messages(platform: Platform, pod: Any) -> list[str]:
    selector = f"involvedObject.name={pod.metadata.name}"
    listed = platform.core.list_namespaced_event(platform.namespace, field_selector=selector)
    return [one.message for one in listed.items]


def test_a_pickle_that_does_not_load(platform: Platform) -> None:
    # What a module of another scikit-learn release leaves: a class that this one has not.
    platform.put("old/model.pkl", b"csklearn.tree.tree\nDecisionTreeClassifier\n.")
    service = platform.serve(f"s3://{BUCKET}/old")
    info = failure_of(service)
    assert (info["reason"], info["exitCode"]) == ("ModelLoadFailed", 1)
    (pod,) = service.pods()
    says(platform, pod, "kserve-container", "No module named 'sklearn.tree.tree'")
    service.delete()


def test_a_model_that_outgrows_its_limit(platform: Platform) -> None:
    import joblib
    import numpy

    buffer = io.BytesIO()
    joblib.dump(numpy.zeros(1 << 29, dtype=numpy.uint8), buffer, compress=3)
    platform.put("large/model.joblib", buffer.getvalue())
    resources = {"requests": {"memory": "64Mi"}, "limits": {"memory": "400Mi"}}
    service = platform.serve(f"s3://{BUCKET}/large", resources=resources)
    info = failure_of(service)
    assert (info["reason"], info["exitCode"]) == ("ModelLoadFailed", 137)
    (pod,) = service.pods()
    (container,) = platform.core.read_namespaced_pod(
        pod.metadata.name, platform.namespace
    ).status.container_statuses
    assert container.last_state.terminated.reason == "OOMKilled"
    service.delete()


@pytest.mark.parametrize(
    ("model", "reason", "told"),
    [
        (
            {"modelFormat": {"name": "unheard-of"}},
            "NoSupportingRuntime",
            "no runtime found to support predictor with model type",
        ),
        (
            {"runtime": "missing"},
            "RuntimeNotRecognized",
            "No ServingRuntimes or ClusterServingRuntimes with the name: missing",
        ),
        (
            {"runtime": "kserve-sklearnserver", "protocolVersion": "grpc-v2"},
            "NoSupportingRuntime",
            "does not support specified protocol version",
        ),
    ],
)
def test_a_runtime_that_does_not_fit(
    platform: Platform, model: dict[str, Any], reason: str, told: str
) -> None:
    service = platform.serve(**model)
    assert failure_of(service)["reason"] == reason
    assert service.status["modelStatus"]["transitionStatus"] == "InvalidSpec"
    assert any(told in event.message for event in service.events())
    assert not service.pods()
    service.delete()


def test_a_scheme_that_kserve_does_not_know(platform: Platform) -> None:
    service = platform.serve("minio://mlpipeline/model")
    message = "StorageUri [minio://mlpipeline/model] is not supported"
    eventually(lambda: any(message in event.message for event in service.events()))
    eventually(lambda: service.condition("Ready").get("status") == "Unknown")
    assert not service.pods()
    service.delete()


@pytest.mark.parametrize("mode", ["Standard", "Knative"])
def test_a_name_that_is_too_long_for_a_host(platform: Platform, mode: str) -> None:
    service = platform.serve(name="n" * 60, mode=mode)

    def told() -> bool:
        return service.condition("PredictorReady").get("reason") == "ReconcileFailed"

    eventually(told)
    assert service.condition("Ready")["status"] == "False"
    assert "no more than 63 characters" in service.condition("Ready")["message"]
    assert any(event.reason == "InternalError" for event in service.events())
    service.delete()


def test_a_service_whose_image_nobody_has(platform: Platform) -> None:
    container = {"name": "kserve-container", "image": "registry.example.com/team/model:1"}
    service = platform.serve(predictor={"model": None, "containers": [container]})
    (pod,) = eventually(service.pods)

    def waiting() -> bool:
        read = platform.core.read_namespaced_pod(pod.metadata.name, platform.namespace)
        states = [one.state.waiting for one in read.status.container_statuses or []]
        return any(one and one.reason == "ImagePullBackOff" for one in states)

    eventually(waiting)
    assert not service.ready
    service.delete()


def test_a_custom_container_is_served(platform: Platform) -> None:
    script = (
        "import http.server as h, socket\n"
        "class H(h.BaseHTTPRequestHandler):\n"
        "    def do_POST(self):\n"
        "        self.send_response(200); self.end_headers(); self.wfile.write(b'custom')\n"
        "h.HTTPServer((socket.gethostbyname(socket.gethostname()), 9000), H).serve_forever()\n"
    )
    container = {
        "name": "mine",
        "image": "python:3.11",
        "command": ["python3", "-c", script],
        "ports": [{"containerPort": 9000}],
    }
    service = platform.serve(
        predictor={
            "model": None,
            "containers": [container],
            "terminationGracePeriodSeconds": 1,
        }
    )
    service.wait_ready()
    assert service.ask().text == "custom"
    assert service.pods()[0].spec.containers[0].name == "kserve-container"
    service.delete()


def test_the_api_refuses_what_is_no_inference_service(platform: Platform) -> None:
    from kubernetes.client import ApiException

    with pytest.raises(ApiException) as caught:
        platform.serve(predictor={"canaryTrafficPercent": 101})
    assert caught.value.status == 422
