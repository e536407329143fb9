"""The doors of this cluster, and the owner who has to get in at them."""

import pytest

from pytest_kubeflow import Cluster, Visitor, Visitors

from .doors import Door


@pytest.fixture
def owner(visitors: Visitors) -> Visitor:
    """Ourselves, at the gateway."""
    return visitors.owner()


@pytest.fixture
def doors(kf_cluster: Cluster, kf_namespace: str) -> dict[str, Door]:
    """What is tried, by a short name."""
    runs = f"/apis/v2beta1/runs?namespace={kf_namespace}&page_size=1"
    claims = f"/volumes/api/namespaces/{kf_namespace}/pvcs"
    workgroups = Door("the dashboard's API", "/api/workgroup/env-info", "user")
    return {
        "dashboard": Door("the dashboard", "/", api=workgroups),
        "workgroups": workgroups,
        "pipelines": Door("the pipelines API", kf_cluster.kfp_api_url + runs, "runs"),
        "volumes": Door("the volumes web app", claims, "pvcs"),
    }
