"""Manifests: what an administrator applies for sessions inside the cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from pytest_kubeflow.auth.demands import demanded
from pytest_kubeflow.cluster.entry import API_AUDIENCE
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.incluster import objects
from pytest_kubeflow.incluster.pod import SessionPod
from pytest_kubeflow.incluster.rights import rules_for
from pytest_kubeflow.incluster.variables import secret_name, secret_variables, variables_of
from pytest_kubeflow.preflight.needs import Needs
from pytest_kubeflow.preflight.rbac import as_yaml, roles

JOB, CRON_JOB, RBAC = "job", "cronjob", "rbac"
MANIFESTS = (JOB, CRON_JOB, RBAC)
_PIPELINES = "ml-pipeline"
"""The Service of the pipelines API."""


def manifests(
    kind: str, config: KubeflowConfig, needs: Needs, selection: Sequence[str]
) -> list[dict[str, Any]]:
    """The objects, in the order in which they are applied.

    `selection` are the arguments of pytest that select tests, `needs` what those need. Raises
    ConfigurationError where a setting is missing, or is of this machine alone.
    """
    namespace = config.kubernetes.namespace
    if namespace is None:
        raise ConfigurationError(
            f"--kf-manifests={kind} needs --kf-namespace: the namespace of a profile, in which the "
            "session runs and works"
        )
    name = config.incluster.name
    way = login_of(config)
    subject = {"kind": "ServiceAccount", "name": name, "namespace": namespace}
    rights = [objects.account(name, namespace), *roles(rules_for(needs, way), namespace, subject)]
    labelled = [_labelled(one, name) for one in rights]
    if kind == RBAC:
        return labelled
    return [*labelled, *_workload(kind, config, namespace, way, selection)]


def login_of(config: KubeflowConfig) -> str:
    """How the session logs in: as it was asked to, or else by a token of its account."""
    return demanded(config) or "projected"


def text_of(documents: Sequence[dict[str, Any]], config: KubeflowConfig) -> str:
    """YAML for `kubectl apply -f -`, with what else has to be there as comments."""
    return "".join(f"# {line}\n" for line in _notes(documents, config)) + as_yaml(documents)


def _workload(
    kind: str, config: KubeflowConfig, namespace: str, way: str, selection: Sequence[str]
) -> Iterator[dict[str, Any]]:
    settings, name = config.incluster, config.incluster.name
    if settings.image is None:
        raise ConfigurationError(
            f"--kf-manifests={kind} needs --kf-job-image: an image with pytest-kubeflow, such as "
            "Containerfile makes it, in a registry of yours"
        )
    if config.gateway.host is None or config.is_local:
        raise ConfigurationError(
            f"--kf-manifests={kind} needs --kf-host=URL as the cluster's pods reach it: "
            "http://ml-pipeline.kubeflow:8888, or the gateway"
        )
    claim = settings.claim or f"{name}-reports"
    authority = f"{name}-ca" if config.gateway.ca_cert is not None else None
    pod = SessionPod(
        account=name,
        image=settings.image,
        selection=selection,
        variables=variables_of(config),
        claim=claim,
        labels=objects.labels_of(name),
        audience=_audience(config),
        has_token=way == "projected",
        certificates=authority,
        pull_secrets=config.kubernetes.pod_image_pull_secrets,
    )
    if settings.claim is None:
        yield objects.claim(claim, name, config, namespace)
    if authority is not None and config.gateway.ca_cert is not None:
        yield objects.authority(authority, name, namespace, config.gateway.ca_cert)
    yield objects.network_policy(name, config, namespace)
    spec = objects.job_spec(pod.template(), config)
    if kind == JOB:
        yield objects.job(name, namespace, spec)
    else:
        yield objects.cron_job(name, namespace, spec, config)


def _audience(config: KubeflowConfig) -> str | None:
    """Whom the token is for: the pipelines API where the host is its Service."""
    if config.gateway.audience is not None:
        return config.gateway.audience
    host = urlsplit(config.gateway.host or "").hostname or ""
    return API_AUDIENCE if host.partition(".")[0] == _PIPELINES else None


def _labelled(document: dict[str, Any], name: str) -> dict[str, Any]:
    metadata = {**document["metadata"], "labels": objects.labels_of(name)}
    return {**document, "metadata": metadata}


def _notes(documents: Sequence[dict[str, Any]], config: KubeflowConfig) -> Iterator[str]:
    yield "Printed by pytest --kf-manifests of pytest-kubeflow. Apply it: kubectl apply -f -"
    kinds = {one["kind"] for one in documents}
    if kinds & {"Job", "CronJob"} and (names := secret_variables(config)):
        yield (
            f"Passwords and keys are in no manifest: the Secret {config.kubernetes.namespace}/"
            f"{secret_name(config)} has to have {', '.join(names)}."
        )
    if any("secrets" in _resources(one) for one in documents if one["kind"] == "ClusterRole"):
        yield (
            "The suite platform looks at certificates in Secrets of the whole cluster: without "
            "it (--kf-suites) nobody gets that right."
        )


def _resources(role: dict[str, Any]) -> set[str]:
    return {one for rule in role["rules"] for one in rule["resources"]}
