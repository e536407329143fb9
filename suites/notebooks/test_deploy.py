"""A model that is trained in a notebook is served: its code makes the InferenceService."""

import json

import pytest

from pytest_kubeflow import Bucket, Notebook, ServiceDeployer

pytestmark = [pytest.mark.kf_requires("notebooks"), pytest.mark.kf_requires("kserve")]

TRAIN = """
import json
import joblib
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

flowers = load_iris()
model = LogisticRegression(max_iter=1000).fit(flowers.data, flowers.target)
joblib.dump(model, "model.joblib")
rows = flowers.data[::10].tolist()
print(json.dumps([int(one) for one in model.predict(rows)]))
"""

DEPLOY = """
from kubernetes import client, config

config.load_incluster_config()
service = client.CustomObjectsApi().create_namespaced_custom_object(
    "serving.kserve.io", "v1beta1", {namespace!r}, "inferenceservices",
    {manifest!r},
)
service["metadata"]["name"]
"""

PREDICT = """
import json, urllib.request

asked = urllib.request.Request(
    "http://{host}/v1/models/{name}:predict",
    json.dumps({{"instances": rows}}).encode(),
    {{"Content-Type": "application/json"}},
)
with urllib.request.urlopen(asked, timeout=60) as response:
    print(json.dumps(json.load(response)["predictions"]))
"""


def test_code_in_it_deploys_a_model_and_asks_it(
    workbench: Notebook, inference_service: ServiceDeployer, minio_bucket: Bucket
) -> None:
    """Code in a notebook creates an InferenceService, which predicts as the model."""
    expected = json.loads(workbench.execute(TRAIN).stdout)
    minio_bucket.put("iris/model.joblib", workbench.read_bytes("model.joblib"))
    service = inference_service.expect("notebook")
    resources = {
        "requests": {"cpu": "100m", "memory": "256Mi"},
        "limits": {"cpu": "1", "memory": "1Gi"},
    }
    manifest = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {
            "name": service.name,
            "namespace": service.namespace,
            "labels": service.labels,
        },
        "spec": {
            "predictor": {
                "serviceAccountName": service.service_account,
                "labels": service.labels,
                "model": {
                    "modelFormat": {"name": "sklearn"},
                    "storageUri": f"s3://{minio_bucket.path}/iris",
                    "resources": resources,
                },
            }
        },
    }
    code = DEPLOY.format(namespace=service.namespace, manifest=manifest)
    assert workbench.execute(code).result == repr(service.name)
    service.wait_ready()
    host = f"{service.name}-predictor.{service.namespace}.svc.cluster.local"
    code = PREDICT.format(host=host, name=service.name)
    assert json.loads(workbench.execute(code).stdout) == expected
