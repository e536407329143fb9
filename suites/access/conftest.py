"""The endpoints of this cluster, and the owner whom they have to answer."""

import pytest

from pytest_kubeflow import Callers, CallerSession, Cluster

from .endpoints import Endpoint


@pytest.fixture
def owner(callers: Callers) -> CallerSession:
    """Ourselves, at the gateway."""
    return callers.owner()


@pytest.fixture
def endpoints(kf_cluster: Cluster, kf_namespace: str) -> dict[str, Endpoint]:
    """What is tried, by a short name."""
    runs = f"/apis/v2beta1/runs?namespace={kf_namespace}&page_size=1"
    claims = f"/volumes/api/namespaces/{kf_namespace}/pvcs"
    workgroups = Endpoint("the dashboard's API", "/api/workgroup/env-info", "user")
    return {
        "dashboard": Endpoint("the dashboard", "/", api=workgroups),
        "workgroups": workgroups,
        "pipelines": Endpoint("the pipelines API", kf_cluster.kfp_api_url + runs, "runs"),
        "volumes": Endpoint("the volumes web app", claims, "pvcs"),
    }
