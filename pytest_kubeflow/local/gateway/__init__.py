"""The front door of the embedded Kubeflow: routing, Dex-like login, sessions, bearer tokens.

What Istio's ingress gateway, oauth2-proxy and Dex are on a real platform, as a client sees them
(community-distribution, common/oauth2-proxy and common/dex).
"""

from pytest_kubeflow.local.gateway.activity import Activity
from pytest_kubeflow.local.gateway.gateway import USER_HEADER, Gateway, Route
from pytest_kubeflow.local.gateway.localgateway import LocalGateway
from pytest_kubeflow.local.gateway.mesh import Mesh

__all__ = ["USER_HEADER", "Activity", "Gateway", "LocalGateway", "Mesh", "Route"]
