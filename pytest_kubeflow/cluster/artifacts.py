"""ArtifactStore: which object store the pipelines of a namespace are configured to use.

Three ConfigMaps tell, where they are: `kfp-launcher` (root and providers of KFP's artifacts,
backend/src/v2/config in kubeflow/pipelines), `artifact-repositories` of a profile's namespace
(pipelines-profile-controller/sync.py) and Argo's own `workflow-controller-configmap`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.k8s.client import KubernetesClient, calling

BUCKET = "mlpipeline"
"""The bucket of KFP's pipelines, where nothing names another."""

_LAUNCHER, _REPOSITORIES, _CONTROLLER = (
    "kfp-launcher",
    "artifact-repositories",
    "workflow-controller-configmap",
)
_DEFAULT = "workflows.argoproj.io/default-artifact-repository"
_SCHEMES = ("minio", "s3")


@dataclass(frozen=True, slots=True)
class NamedStore:
    """A store as a ConfigMap names it. `address` is `host` or `host:port`."""

    address: str
    source: str
    """The ConfigMap, for people: "ConfigMap kubeflow/kfp-launcher"."""

    namespace: str
    """That ConfigMap's: a host without dots is a Service there."""

    secure: bool = False
    region: str | None = None


@dataclass(frozen=True, slots=True)
class PipelineRoot:
    """Where KFP keeps the artifacts of a namespace: `prefix` ends in a slash, or is empty."""

    bucket: str
    prefix: str


def named_stores(kubernetes: KubernetesClient, *namespaces: str) -> Iterator[NamedStore]:
    """The stores that the ConfigMaps of these namespaces name, most telling first.

    What may not be read, or is not what it should be, names nothing.
    """
    for namespace in namespaces:
        launcher = _data(kubernetes, namespace, _LAUNCHER)
        for found in (_of_root(launcher), *_of_providers(launcher)):
            if found:
                yield _named(found, namespace, _LAUNCHER)
        repositories = _data(kubernetes, namespace, _REPOSITORIES)
        chosen = repositories.pop(_DEFAULT, "") or next(iter(repositories), "")
        for name, text in (
            (_REPOSITORIES, repositories.get(chosen, "")),
            (_CONTROLLER, _data(kubernetes, namespace, _CONTROLLER).get("artifactRepository", "")),
        ):
            s3 = _mapping(_mapping(_yaml(text)).get("s3"))
            if s3.get("endpoint"):
                yield _named(
                    {**s3, "disableSSL": bool(s3.get("insecure"))},
                    namespace,
                    name,
                )


def pipeline_root(kubernetes: KubernetesClient, namespace: str) -> PipelineRoot | None:
    """Where the artifacts of `namespace` go; None where nothing that we may read tells."""
    text = _data(kubernetes, namespace, _LAUNCHER).get("defaultPipelineRoot", "")
    root = urlsplit(text)
    if root.scheme not in _SCHEMES or not root.netloc:
        return None
    path = root.path.strip("/")
    return PipelineRoot(root.netloc, f"{path}/" if path else "")


def _of_root(launcher: Mapping[str, str]) -> dict[str, Any]:
    """A root may carry its store: s3://bucket/path?endpoint=host:9000&disableSSL=true."""
    query = parse_qs(urlsplit(launcher.get("defaultPipelineRoot", "")).query)
    given = {name: values[-1] for name, values in query.items()}
    if not given.get("endpoint"):
        return {}
    return {**given, "disableSSL": given.get("disableSSL", "").lower() == "true"}


def _of_providers(launcher: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    providers = _mapping(_yaml(launcher.get("providers", "")))
    for scheme in _SCHEMES:
        default = _mapping(_mapping(providers.get(scheme)).get("default"))
        if default.get("endpoint"):
            yield default


def _named(found: Mapping[str, Any], namespace: str, name: str) -> NamedStore:
    endpoint = str(found["endpoint"])
    url = urlsplit(endpoint if "://" in endpoint else f"//{endpoint}")
    secure = url.scheme == "https" or (not url.scheme and not found.get("disableSSL"))
    region = found.get("region")
    return NamedStore(
        address=url.netloc,
        source=f"ConfigMap {namespace}/{name}",
        namespace=namespace,
        secure=secure,
        region=str(region) if region else None,
    )


def _data(kubernetes: KubernetesClient, namespace: str, name: str) -> dict[str, str]:
    """A ConfigMap's data, and its annotations beside them; nothing where it is not to be had."""
    try:
        with calling(f"read ConfigMap {namespace}/{name}"):
            found = kubernetes.core.read_namespaced_config_map(name, namespace)
    except KubeflowError:
        return {}
    chosen = (found.metadata.annotations or {}).get(_DEFAULT)
    return {**(found.data or {}), **({_DEFAULT: chosen} if chosen else {})}


def _yaml(text: str) -> object:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return None


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
