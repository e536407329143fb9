"""Revisions: to zero and back, and requests shared between two."""

from __future__ import annotations

import json
import os
import threading
from collections import Counter

import pytest

from tests.local.serving.platform import BUCKET, CLASSES, ROWS, Platform, eventually, iris_model

WINDOW = {"autoscaling.knative.dev/window": "6s"}
NEW = [one + 10 for one in CLASSES]


def test_a_service_at_zero_comes_back_when_it_is_asked(platform: Platform) -> None:
    service = platform.serve(mode="Serverless", predictor={"minReplicas": 0}, annotations=WINDOW)
    service.wait_ready()
    status = service.status
    assert status["deploymentMode"] == "Knative"
    assert status["url"] == f"http://{service.name}.{platform.namespace}.example.com"
    assert {one["type"] for one in status["conditions"]} == {
        "IngressReady",
        "LatestDeploymentReady",
        "PredictorConfigurationReady",
        "PredictorReady",
        "PredictorRouteReady",
        "Ready",
        "RoutesReady",
        "Stopped",
    }
    revision = f"{service.name}-predictor-00001"
    assert status["components"]["predictor"]["latestReadyRevision"] == revision
    assert service.ask().json() == {"predictions": CLASSES}

    eventually(lambda: not service.pods())
    assert service.ready
    answers: list[object] = []
    askers = [
        threading.Thread(target=lambda: answers.append(service.ask().json())) for _ in range(3)
    ]
    for one in askers:
        one.start()
    for one in askers:
        one.join()
    assert answers == [{"predictions": CLASSES}] * 3
    assert len(service.pods()) == 1
    service.delete()


def test_a_canary_gets_its_share_of_the_requests(platform: Platform) -> None:
    platform.put("canary/model.joblib", iris_model(shift=10))
    service = platform.serve(mode="Knative")
    service.wait_ready()
    model = {"storageUri": f"s3://{BUCKET}/canary"}
    service.patch({"spec": {"predictor": {"model": model, "canaryTrafficPercent": 30}}})

    def shared() -> bool:
        traffic = service.status["components"]["predictor"].get("traffic") or []
        return [one["percent"] for one in traffic] == [30, 70]

    eventually(shared)
    found = Counter(str(service.ask().json()["predictions"]) for _ in range(200))
    assert set(found) == {str(CLASSES), str(NEW)}
    assert 25 <= found[str(NEW)] <= 100, found
    service.patch({"spec": {"predictor": {"canaryTrafficPercent": None}}})
    eventually(lambda: len(service.pods()) == 1)
    assert {str(service.ask().json()["predictions"]) for _ in range(20)} == {str(NEW)}
    component = service.status["components"]["predictor"]
    assert component["previousRolledoutRevision"].endswith("-00001")
    assert component["latestRolledoutRevision"].endswith("-00002")
    service.delete()


def test_a_revision_that_fails_is_told_and_the_one_before_goes_on(platform: Platform) -> None:
    service = platform.serve(mode="Knative")
    service.wait_ready()
    model = {"storageUri": f"s3://{BUCKET}/nowhere"}
    service.patch({"spec": {"predictor": {"model": model}}})

    def failed() -> bool:
        condition = service.condition("LatestDeploymentReady")
        return condition.get("reason") == "RevisionFailed" and not service.ready

    eventually(failed)
    assert "No model found in nowhere." in service.condition("Ready")["message"]
    assert service.ask().json() == {"predictions": CLASSES}
    component = service.status["components"]["predictor"]
    assert component["latestCreatedRevision"].endswith("-00002")
    assert component["latestReadyRevision"].endswith("-00001")
    service.delete()


ASK = """
import json, sys, urllib.error, urllib.request
body = json.dumps({"instances": json.loads(sys.argv[2])}).encode()
request = urllib.request.Request(sys.argv[1], body, {"Content-Type": "application/json"})
try:
    with urllib.request.urlopen(request, timeout=60) as answer:
        print(answer.status, answer.read().decode())
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())
"""


def asked_inside(platform: Platform, name: str, url: str) -> str:
    """What a pod of the namespace gets that asks at `url`."""
    command = ["python3", "-c", ASK, url, json.dumps(ROWS)]
    container = {"name": "main", "image": "python:3.11", "command": command}
    spec = {"containers": [container], "restartPolicy": "Never"}
    platform.core.create_namespaced_pod(
        platform.namespace, {"metadata": {"name": name}, "spec": spec}
    )

    def ended() -> bool:
        pod = platform.core.read_namespaced_pod(name, platform.namespace)
        return pod.status.phase in {"Succeeded", "Failed"}

    eventually(ended)
    log: str = platform.core.read_namespaced_pod_log(name, platform.namespace)
    platform.core.delete_namespaced_pod(name, platform.namespace)
    return log.strip()


@pytest.mark.skipif(os.geteuid() != 0, reason="port 80 of a Service is root's on this machine")
def test_pods_of_the_cluster_wake_it(platform: Platform) -> None:
    service = platform.serve(mode="Knative", predictor={"minReplicas": 0}, annotations=WINDOW)
    service.wait_ready()
    address = service.status["address"]["url"]
    assert address == f"http://{service.name}.{platform.namespace}.svc.cluster.local"
    path = f"/v1/models/{service.name}:predict"
    # Those who come by that gateway are allowed by no policy of a profile.
    assert asked_inside(platform, "refused", address + path) == "403 RBAC: access denied"
    source = {"namespaces": ["istio-system"]}
    platform.policy("local-gateway", action="ALLOW", rules=[{"from": [{"source": source}]}])
    eventually(lambda: not service.pods())
    found = asked_inside(platform, "whole-name", address + path)
    assert found == f"200 {json.dumps({'predictions': CLASSES}, separators=(',', ':'))}"
    short = f"http://{service.name}-predictor.{platform.namespace}{path}"
    assert asked_inside(platform, "short-name", short) == found
    service.delete()
