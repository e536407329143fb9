"""ServiceSpec: what is asked of KServe, and the InferenceService object that asks for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.k8s.objects.custom_object import CustomKind
from pytest_kubeflow.serving.state import MODE

GROUP, VERSION, PLURAL = "serving.kserve.io", "v1beta1", "inferenceservices"
KIND = CustomKind("InferenceService", GROUP, VERSION, PLURAL)
_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?", re.ASCII)
_LONGEST = 63
_SUFFIX = "-predictor"
_SCHEMES = ("s3", "gs", "pvc", "http", "https", "hf", "oci", "hdfs", "webhdfs")

RESOURCES: Mapping[str, Mapping[str, str]] = {
    "requests": {"cpu": "100m", "memory": "256Mi"},
    "limits": {"cpu": "1", "memory": "1Gi"},
}
"""What a small scikit-learn model server needs; quotas want both to be said."""


def model_uri(uri: str) -> str:
    """`uri` as KServe takes it: KFP's `minio://` is `s3://` for it.

    Raises ConfigurationError for what is no URI of a storage that KServe knows.
    """
    scheme, separator, rest = uri.partition("://")
    if scheme == "minio":
        scheme = "s3"
    if not separator or not rest.strip("/") or scheme not in _SCHEMES or re.search(r"\s", uri):
        raise ConfigurationError(
            f"{uri!r} is no place of a model; valid: minio://... as KFP has it, or "
            f"{', '.join(f'{one}://' for one in _SCHEMES)}, with a bucket or host after it"
        )
    return f"{scheme}://{rest}"


def check_name(name: str) -> str:
    """`name` if an InferenceService can be called so. Raises ConfigurationError if not."""
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"{name!r} is no name for an InferenceService; valid: lower-case letters, digits and "
            "dashes, beginning with a letter, not ending with a dash"
        )
    if len(name + _SUFFIX) > _LONGEST:
        raise ConfigurationError(
            f"the name {name!r} is too long for an InferenceService: {name + _SUFFIX} has "
            f"{len(name + _SUFFIX)} characters, and a DNS label at most {_LONGEST}"
        )
    return name


def check_replicas(least: int | None, most: int | None) -> None:
    """Raise ConfigurationError unless so many replicas make sense."""
    if (least is not None and least < 0) or (most is not None and most < 1):
        raise ConfigurationError(f"no service has {least} to {most} replicas")
    if least is not None and most is not None and most < least:
        raise ConfigurationError(f"min_replicas={least} is more than max_replicas={most}")


@dataclass(frozen=True)
class ServiceSpec:
    """A predictor: a model at `uri` in a format that a ServingRuntime knows, or `container`.

    `container` is a container of one's own (a mapping as in a PodSpec), which then needs no `uri`.
    `mode` is sent as it is: KServe below 0.16 takes the default mode for names that it does not
    know, and 0.16 chokes on the old ones when a service is deleted (kserve/kserve#4710).
    """

    uri: str | None = None
    model_format: str = "sklearn"
    format_version: str | None = None
    protocol: str | None = None
    runtime: str | None = None
    container: Mapping[str, Any] | None = None
    resources: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: RESOURCES)
    service_account: str | None = None
    mode: str | None = None
    min_replicas: int | None = 1
    max_replicas: int | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)

    def manifest(self, name: str, namespace: str, labels: Mapping[str, str]) -> dict[str, Any]:
        """The object. Raises ConfigurationError for what can never work."""
        check_name(name)
        check_replicas(self.min_replicas, self.max_replicas)
        annotations = dict(self.annotations)
        if self.mode:
            annotations[MODE] = self.mode
        return {
            "apiVersion": f"{GROUP}/{VERSION}",
            "kind": "InferenceService",
            "metadata": {
                "name": name,
                "namespace": namespace,
                "labels": dict(labels),
                **({"annotations": annotations} if annotations else {}),
            },
            "spec": {"predictor": self._predictor(labels)},
        }

    def _predictor(self, labels: Mapping[str, str]) -> dict[str, Any]:
        predictor: dict[str, Any] = {
            # On the pods too: what is left of them must be found by whose they are.
            "labels": dict(labels),
            "serviceAccountName": self.service_account,
            "minReplicas": self.min_replicas,
            "maxReplicas": self.max_replicas,
        }
        if self.container is not None:
            container = {"name": "kserve-container", "resources": self.resources, **self.container}
            predictor["containers"] = [container]
        else:
            if self.uri is None:
                raise ConfigurationError("a service needs the URI of a model, or a container")
            version = {"version": self.format_version} if self.format_version else {}
            predictor["model"] = _given(
                modelFormat={"name": self.model_format, **version},
                protocolVersion=self.protocol,
                runtime=self.runtime,
                storageUri=model_uri(self.uri),
                resources={kind: dict(each) for kind, each in self.resources.items()},
            )
        return _given(**predictor)


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
