"""What KServe's validating webhook refuses, with its words.

Rules: kserve/kserve pkg/apis/serving/v1beta1/inference_service_validation.go, as far as they are
about names, servers, replicas and deployment modes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_kubeflow.local.kube.client import Object

_NAME = "[a-z]([-a-z0-9]*[a-z0-9])?"
_MODE = "serving.kserve.io/deploymentMode"
_SERVERS = (
    *("SKLearn", "XGBoost", "Tensorflow", "PyTorch", "Triton", "ONNX", "HuggingFace", "PMML"),
    *("LightGBM", "Paddle", "Model"),
)
_ONE_OF = (*_SERVERS, "StorageUris", "WorkerSpec", "PodSpec")
"""The fields of a predictor, as the webhook lists them."""

_CONTAINER = "kserve-container"
_NEW_NAMES = {"RawDeployment": "Standard", "Serverless": "Knative"}


def refusal(new: Object, old: Object | None = None) -> str | None:
    """Why an InferenceService is not taken, if it is not; `old` is what it replaces."""
    if old is not None and new["metadata"].get("deletionTimestamp"):
        return None
    return next(_problems(new, old), None)


def _problems(new: Object, old: Object | None) -> Iterator[str]:
    name = new["metadata"]["name"]
    if not re.fullmatch(_NAME, name, re.ASCII):
        yield (
            f'the InferenceService "{name}" is invalid: a InferenceService name must consist of '
            "lower case alphanumeric characters or '-', and must start with alphabetical "
            f'character. (e.g. "my-name" or "abc-123", regex used for validation is \'{_NAME}\')'
        )
    predictor = (new.get("spec") or {}).get("predictor") or {}
    if _implementations(predictor) != 1:
        yield f"exactly one of [{', '.join(_ONE_OF)}] must be specified in PredictorSpec"
    least, most = predictor.get("minReplicas"), predictor.get("maxReplicas") or 0
    least = 1 if least is None else least
    if least < 0:
        yield "'MinReplicas' cannot be less than 0"
    if most < 0:
        yield "'MaxReplicas' cannot be less than 0"
    if least > most != 0:
        yield "'MinReplicas' cannot be greater than MaxReplicas"
    before = _mode((old or {}).get("status") or {}, "deploymentMode")
    wanted = _mode(new["metadata"].get("annotations") or {}, _MODE)
    if before and wanted and before != wanted:
        yield f"update rejected: deploymentMode cannot be changed from '{before}' to '{wanted}'"


def _implementations(predictor: Object) -> int:
    """How many servers a predictor names: containers are one, unless they stand beside another."""
    named = sum(predictor.get(one.lower()) is not None for one in _SERVERS)
    names = [one.get("name") for one in predictor.get("containers") or ()]
    return named + (names.count(_CONTAINER) or (not named and bool(names)))


def _mode(where: Object, key: str) -> str:
    found = str(where.get(key) or "")
    return _NEW_NAMES.get(found, found)
