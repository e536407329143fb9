"""What the KFP API and ML Metadata answer to us, beyond that they are there."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from pytest_kubeflow.auth.retries import gateway_policy, outage_in_response
from pytest_kubeflow.cluster.checklist import Checklist
from pytest_kubeflow.cluster.cluster import Cluster
from pytest_kubeflow.cluster.entry import PIPELINES
from pytest_kubeflow.cluster.namespace import Kind, NamespaceChoice
from pytest_kubeflow.errors import KubeflowError, NotFound, PermissionDenied
from pytest_kubeflow.k8s.ports.portforward import PortForward
from pytest_kubeflow.network_errors import network_errors
from pytest_kubeflow.preflight.needs import RUNS, Needs

if TYPE_CHECKING:
    import requests

METADATA = "ML Metadata"

_EXPERIMENTS = "/apis/v2beta1/experiments"
_TIMEOUT = (3.0, 10.0)
_METHOD = "/GetContextTypes"
"""A call without arguments, which changes nothing."""

_GRPC_WEB = {"Content-Type": "application/grpc-web+proto", "X-Grpc-Web": "1"}
_EMPTY = bytes(5)
"""The frame of a message without fields."""

_NATIVE = ("kubeflow", "metadata-grpc-service", 8080)
"""Namespace, Service and port of ML Metadata itself, which speaks gRPC."""


def check_api(cluster: Cluster, checks: Checklist) -> None:
    """The API must refuse by itself what it refuses: a mesh before it may refuse everything.

    Raises PermissionDenied with the words of whoever refuses.
    """
    answer = _list(cluster, cluster.config.kubernetes.namespace or "default")
    if answer.status_code == 403 and not _is_from_api(answer):
        with checks.check(PIPELINES):
            raise PermissionDenied(
                f"every request to the pipelines API at {cluster.kfp_api_url} is refused by "
                f"something before it: 403: {_excerpt(answer)}; look at the mesh's "
                "AuthorizationPolicies and at the gateway, for ml-pipeline"
            )


def check_access(cluster: Cluster, choice: NamespaceChoice | None, checks: Checklist) -> None:
    """We must be allowed to use the pipelines in an existing namespace. Raises PermissionDenied."""
    if choice is None or choice.kind is not Kind.EXISTING:
        return
    answer = _list(cluster, str(choice.name))
    if answer.status_code == 403:
        with checks.check(PIPELINES):
            raise PermissionDenied(
                f"{cluster.user or 'this user'} may not use the pipelines in the namespace "
                f"{choice.name} ({choice.reason}): 403: {_excerpt(answer)}; name another one with "
                "--kf-namespace"
            )


def check_metadata(cluster: Cluster, needs: Needs, checks: Checklist) -> None:
    """Whether ML Metadata answers: the outputs of tasks are read there.

    Behind the same host, or else by gRPC, in the cluster or by a forwarded port.
    """
    if not needs.want(RUNS):
        checks.skip(METADATA, "no selected test needs it")
        return
    with checks.check(METADATA) as finding:
        finding.message = f"{cluster.metadata_url} answers"
        try:
            answer = _asked_metadata(cluster)
        except KubeflowError as error:
            trouble = error.message
        else:
            if _is_grpc_web(answer):
                return
            trouble = f"{cluster.metadata_url} answers {answer.status_code}: {_excerpt(answer)}"
        try:
            finding.message = f"{_native_address(cluster)} by gRPC, since {trouble}"
            return
        except KubeflowError as error:
            trouble += f"; nor can {_NATIVE[1]} be reached: {error.message}"
        without = (
            "the outputs of tasks will be read from their pods' logs"
            if cluster.kubernetes.is_configured
            else "the outputs of tasks cannot be read (give --kf-kubeconfig for the pods' logs)"
        )
        finding.warn(f"{trouble}: {without}")


def _asked_metadata(cluster: Cluster) -> requests.Response:
    """What ML Metadata answers to a call that may be made twice, though it is a POST."""
    with cluster.session(patient=False) as session, network_errors(cluster.metadata_url):
        return gateway_policy().response(
            lambda: session.post(
                cluster.metadata_url + _METHOD,
                data=_EMPTY,
                headers=_GRPC_WEB,
                allow_redirects=False,
                timeout=_TIMEOUT,
            ),
            lambda answer: outage_in_response(answer, read=True),
        )


def _native_address(cluster: Cluster) -> str:
    """What ML Metadata takes connections at. Raises KubeflowError where that is nowhere."""
    namespace, service, port = _NATIVE
    try:
        with socket.create_connection((f"{service}.{namespace}", port), timeout=_TIMEOUT[0]):
            return f"{service}.{namespace}:{port}"
    except OSError as error:  # not in the cluster
        if not cluster.kubernetes.is_configured:
            raise NotFound(f"{service}.{namespace} is no name here") from error
        with PortForward(cluster.kubernetes, namespace, service, port) as forward:
            return forward.target


def _list(cluster: Cluster, namespace: str) -> requests.Response:
    parameters: dict[str, str | int] = {"page_size": 1}
    if cluster.multi_user:
        parameters["namespace"] = namespace
    with cluster.session() as session, network_errors(cluster.kfp_api_url):
        return session.get(
            f"{cluster.kfp_api_url}{_EXPERIMENTS}",
            params=parameters,
            headers={"Accept": "application/json"},
            allow_redirects=False,
            timeout=_TIMEOUT,
        )


def _is_from_api(answer: requests.Response) -> bool:
    """Whether the KFP API itself has written this: its errors are JSON, with a code."""
    try:
        body = answer.json()
    except ValueError:
        return False
    return isinstance(body, dict) and bool({"code", "error", "message"} & body.keys())


def _is_grpc_web(answer: requests.Response) -> bool:
    kind = answer.headers.get("content-type", "")
    return answer.status_code == 200 and kind.startswith("application/grpc-web")


def _excerpt(answer: requests.Response) -> str:
    """Its words, on one line."""
    try:
        body = answer.json()
        text = str(body.get("message") or body.get("error") or answer.text)
    except (ValueError, AttributeError):
        text = answer.text
    return " ".join(text.split())[:200] or answer.reason or "no words"
