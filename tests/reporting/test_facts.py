"""Facts about a cluster: what it tells, and that it does not tell."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
import requests

from pytest_kubeflow.cluster import Cluster
from pytest_kubeflow.errors import ConfigurationError, PermissionDenied
from pytest_kubeflow.reporting.facts import cluster_facts

from .clusters import Answering, cluster, kubernetes


def refuse(*_: object, **__: object) -> Any:
    raise requests.ConnectionError("refused")


def test_facts_of_a_cluster_that_tells_everything() -> None:
    session = Answering(200, b'{"frontendTagName": "2.15.0", "multi_user": true}')
    assert cluster_facts(cluster(session)) == {
        "gateway": "https://kf.example",
        "mode": "multi-user",
        "user": "user@example.com",
        "login": "Dex login (a password was given)",
        "Kubeflow Pipelines": "2.15.0",
        "Kubernetes": "v1.33.0",
        "components": "kserve, pipelines",
        "Istio": "1.29.0-distroless",
        "KServe": "v0.17.0",
        "storage classes": "fast, slow",
        "node n0": "2 CPUs, 1 GiB, not ready",
    }
    assert session.asked == ["https://kf.example/pipeline/apis/v2beta1/healthz"]


def test_facts_of_a_cluster_that_tells_nothing() -> None:
    class NoKubernetes:
        @property
        def version(self) -> Any:
            raise ConfigurationError("no access to Kubernetes: there is no kubeconfig")

        @property
        def core(self) -> Any:
            raise PermissionDenied("cannot list nodes: Kubernetes answers 403")

    class Told:
        """Where properties of the cluster raise."""

        multi_user = False
        user = None
        kubernetes = NoKubernetes()

        def __getattr__(self, name: str) -> Any:
            return getattr(cluster(Answering(404, b"")), name)

        @property
        def capabilities(self) -> Any:
            raise PermissionDenied("cannot list the groups: Kubernetes answers 403")

        def storage_classes(self) -> list[str]:
            raise PermissionDenied("cannot list storage classes: Kubernetes answers 403")

    facts = cluster_facts(cast(Cluster, Told()))
    assert facts["mode"] == "stand-alone pipelines"
    assert facts["user"] == "not known"
    assert facts["Kubeflow Pipelines"] == "version not told (answers 404)"
    assert facts["Kubernetes"] == (
        "not to be read: no access to Kubernetes: there is no kubeconfig"
    )
    assert facts["components"].startswith("not to be read: cannot list the groups")
    assert facts["nodes"] == "not to be read: cannot list nodes: Kubernetes answers 403"
    assert facts["storage classes"].startswith("not to be read: cannot list storage classes")


def test_of_many_nodes_the_first_are_listed() -> None:
    facts = cluster_facts(cluster(Answering(404, b""), kubernetes=kubernetes(100)))
    assert facts["nodes"] == "100, of which the first 40 are listed here"
    assert "node n39" in facts
    assert "node n40" not in facts


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (200, b"{}", "version not told"),
        (302, b"", "version not told (answers 302)"),
        (200, b"<html>", "not to be read: "),
        (200, b"[1]", "not to be read: "),
    ],
)
def test_whatever_answers_for_the_version(status: int, body: bytes, message: str) -> None:
    assert cluster_facts(cluster(Answering(status, body)))["Kubeflow Pipelines"].startswith(message)


def test_a_gateway_that_is_gone() -> None:
    gone = SimpleNamespace(get=refuse)
    found = cluster_facts(cluster(gone))["Kubeflow Pipelines"]
    assert found == "not to be read: nothing listens at kf.example (connection refused)"
