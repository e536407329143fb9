"""A model from s3:// to its answers, through the gateway, in Standard mode."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.ports.portforward import PortForward
from pytest_kubeflow.k8s.ports.tunnel import PodPort
from tests.local.serving.platform import BUCKET, CLASSES, ROWS, Platform, Service, eventually


def test_the_status_tells_what_kserves_tells(platform: Platform, iris: Service) -> None:
    found = iris.read()
    status, namespace = found["status"], platform.namespace
    conditions = {one["type"]: one["status"] for one in status["conditions"]}
    assert conditions == {
        "IngressReady": "True",
        "PredictorReady": "True",
        "Ready": "True",
        "Stopped": "False",
    }
    assert status["url"] == f"http://iris-{namespace}.example.com"
    assert status["address"]["url"] == f"http://iris-predictor.{namespace}.svc.cluster.local"
    assert status["deploymentMode"] == "Standard"
    assert status["clusterServingRuntimeName"] == "kserve-sklearnserver"
    assert status["observedGeneration"] == found["metadata"]["generation"]
    predictor = status["components"]["predictor"]
    assert predictor["url"] == f"http://iris-predictor-{namespace}.example.com"
    eventually(lambda: iris.status["modelStatus"]["transitionStatus"] == "UpToDate")
    assert iris.status["modelStatus"]["states"] == {
        "activeModelState": "Loaded",
        "targetModelState": "Loaded",
    }
    assert iris.status["modelStatus"]["copies"] == {"failedCopies": 0, "totalCopies": 1}
    reasons = {event.reason for event in iris.events()}
    assert "InferenceServiceReady" in reasons


def test_what_is_ready_gives_the_right_answer(platform: Platform) -> None:
    service = platform.serve()
    service.wait_ready()
    answer = eventually(lambda: _right(service.ask()), within=5)
    assert answer == {"predictions": CLASSES}
    service.delete()


def _right(answer: requests.Response) -> Any:
    return answer.json() if answer.status_code == 200 else None


def test_both_protocols_answer(platform: Platform, iris: Service) -> None:
    assert iris.ask().json() == {"predictions": CLASSES}
    data = {"name": "input-0", "shape": [2, 4], "datatype": "FP32", "data": ROWS}
    answer = platform.ask(iris.host, "/v2/models/iris/infer", json={"inputs": [data]})
    assert answer.json()["outputs"][0]["data"] == CLASSES
    for path, found in (
        ("/v1/models/iris", {"name": "iris", "ready": True}),
        ("/v1/models", {"models": ["iris"]}),
        ("/v2/models/iris/ready", {"name": "iris", "ready": True}),
        ("/v2/health/live", {"live": True}),
        ("/v2/health/ready", {"ready": True}),
    ):
        assert platform.ask(iris.host, path, method="GET").json() == found


def test_it_is_reached_by_its_hosts_and_by_path(platform: Platform, iris: Service) -> None:
    namespace, path = platform.namespace, "/v1/models/iris:predict"
    body = {"instances": ROWS}
    for host, where in (
        (f"iris-{namespace}.example.com", path),
        (f"iris-predictor-{namespace}.example.com", path),
        ("localhost", f"/serving/{namespace}/iris{path}"),
    ):
        answer = platform.ask(host, where, json=body)
        assert (answer.status_code, answer.json()) == (200, {"predictions": CLASSES}), host
    for host, where in (
        (f"other-{namespace}.example.com", path),
        (f"iris-{namespace}.example.org.example.com", path),
    ):
        assert platform.ask(host, where, json=body).status_code == 404


def test_only_those_get_in_whom_the_namespace_lets_in(platform: Platform) -> None:
    service = platform.serve()
    service.wait_ready()
    assert service.ask(user="nobody").status_code == 403
    forged = {"kubeflow-userid": "user@example.com"}
    assert service.ask(user="nobody", headers=forged).status_code == 403
    bad = platform.ask(service.host, "/", user="nobody", headers={"Authorization": "Bearer x"})
    assert bad.status_code == 401
    for user in ("stranger", "account"):
        refused = service.ask(user=user, headers=forged)
        assert (refused.status_code, refused.text) == (403, "RBAC: access denied"), user
    assert service.ask(user="owner").status_code == 200
    account = f"system:serviceaccount:{platform.namespace}:default-editor"
    platform.policy(
        "let-the-account-in",
        action="ALLOW",
        selector={"matchLabels": {"serving.kserve.io/inferenceservice": service.name}},
        rules=[{"when": [{"key": "request.headers[kubeflow-userid]", "values": [account]}]}],
    )
    eventually(lambda: service.ask(user="account").status_code == 200, within=5)
    assert service.ask(user="stranger").status_code == 403
    service.delete()


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b'{"instances": [[1, 2]]}', 500, "X has 2 features, but"),
        (b'{"instances": "nonsense"}', 400, 'Expected \\"instances\\" to be a list'),
        (b"{}", 500, "error"),
        (b"", 400, "error"),
        (b"no JSON", 400, "Unrecognized request format"),
    ],
)
def test_bad_input_is_answered_as_the_model_server_does(
    iris: Service, body: bytes, status: int, message: str
) -> None:
    answer = iris.ask(data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text
    assert message in answer.text
    assert iris.ask().status_code == 200


def test_a_body_of_20_mib_is_answered(iris: Service) -> None:
    rows = ",".join(["[6.8,2.8,4.8,1.4]"] * (20 * 1024 * 1024 // 18 + 1))
    body = f'{{"instances":[{rows}]}}'.encode()
    assert len(body) > 20 * 1024 * 1024
    answer = iris.ask(data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200
    assert set(answer.json()["predictions"]) == {1}


def test_an_unknown_model_is_not_found(platform: Platform, iris: Service) -> None:
    answer = platform.ask(iris.host, "/v1/models/rose:predict", json={"instances": ROWS})
    assert answer.status_code == 404
    assert answer.json() == {"error": "Model with name rose does not exist."}


def test_predictors_listen_in_their_pods_only(platform: Platform, iris: Service) -> None:
    (pod,) = iris.pods()
    assert pod.status.pod_ip != pod.status.host_ip
    kubernetes = KubernetesClient(platform.endpoints.kubeconfig)
    target = PodPort(platform.namespace, pod.metadata.name, 8080)
    with PortForward.to_pod(kubernetes, target) as forward:
        url = f"{forward.url}/v1/models/iris:predict"
        assert requests.post(url, json={"instances": ROWS}, timeout=10).json() == {
            "predictions": CLASSES
        }
    kubernetes.close()
    with pytest.raises(requests.ConnectionError):
        requests.get("http://127.0.0.1:8080/", timeout=10)


def test_nothing_is_left_of_a_deleted_service(platform: Platform) -> None:
    service = platform.serve()
    service.wait_ready()
    host = service.host
    service.delete()
    eventually(lambda: not service.pods())
    eventually(lambda: platform.ask(host, "/", method="GET").status_code == 404)
    deployments = platform.apps.list_namespaced_deployment(platform.namespace).items
    assert service.name not in {one.metadata.name.split("-")[0] for one in deployments}
    services = platform.core.list_namespaced_service(platform.namespace).items
    assert f"{service.name}-predictor" not in {one.metadata.name for one in services}


def test_the_older_spelling_and_runtimes_of_the_namespace(platform: Platform) -> None:
    runtime = platform.custom.get_cluster_custom_object(
        "serving.kserve.io", "v1alpha1", "clusterservingruntimes", "kserve-sklearnserver"
    )
    own = {
        "apiVersion": "serving.kserve.io/v1alpha1",
        "kind": "ServingRuntime",
        "metadata": {"name": "ours"},
        "spec": {**runtime["spec"], "annotations": {"team": "{{.Name}}"}},
    }
    platform.custom.create_namespaced_custom_object(
        "serving.kserve.io", "v1alpha1", platform.namespace, "servingruntimes", own
    )
    uri = f"s3://{BUCKET}/iris/model.joblib"
    service = platform.serve(predictor={"model": None, "sklearn": {"storageUri": uri}})
    service.wait_ready()
    assert service.status["servingRuntimeName"] == "ours"
    assert "clusterServingRuntimeName" not in service.status
    assert service.ask().json() == {"predictions": CLASSES}
    service.delete()
