"""What oauth2-proxy answers (oauth2-proxy/oauth2-proxy, oauthproxy.go)."""

from __future__ import annotations

from pytest_kubeflow.auth.known_refusals.known import Known
from pytest_kubeflow.errors import AuthenticationError, ClusterUnreachable

OAUTH2_PROXY: tuple[Known, ...] = (
    Known(
        403,
        r"Unable to find a valid CSRF token",
        AuthenticationError,
        "oauth2-proxy does not get back the cookie that it set when the login began: that is for "
        "https alone and --kf-host is http, or it is for another host or domain than --kf-host, or "
        "the replicas of oauth2-proxy have different cookie secrets",
    ),
    Known(
        500,
        r"(?i)error redeeming code|something went wrong",
        ClusterUnreachable,
        "oauth2-proxy cannot redeem Dex's code: their client secrets differ, or it does not reach "
        "Dex; see kubectl -n oauth2-proxy logs deploy/oauth2-proxy",
        path="/oauth2/",
    ),
)
