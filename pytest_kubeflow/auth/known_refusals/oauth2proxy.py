"""What oauth2-proxy answers (oauth2-proxy/oauth2-proxy, oauthproxy.go)."""

from __future__ import annotations

from pytest_kubeflow.auth.known_refusals.known import Known
from pytest_kubeflow.errors import AuthenticationError, ClusterUnreachable, PermissionDenied

OAUTH2_PROXY: tuple[Known, ...] = (
    Known(
        403,
        r"returned an error: (login|interaction|consent|account_selection)_required",
        ClusterUnreachable,
        "Dex may not ask anybody for a password or an approval, since oauth2-proxy says "
        "prompt=none (releases of Dex with sessions take that at its word): set prompt = "
        '"login" in oauth2-proxy\'s configuration (ConfigMap oauth2-proxy in oauth2-proxy), and '
        "oauth2.skipApprovalScreen: true in Dex's",
    ),
    Known(
        403,
        r"identity provider returned an error",
        ClusterUnreachable,
        "Dex refuses oauth2-proxy's request; see kubectl -n auth logs deploy/dex, and compare "
        "oauth2-proxy's configuration with Dex's staticClients",
    ),
    Known(
        403,
        r"You do not have permission to access this resource",
        PermissionDenied,
        "oauth2-proxy does not accept this user or this session: see email_domains and "
        "allowed_groups in its configuration, and kubectl -n oauth2-proxy logs deploy/oauth2-proxy",
        path="/oauth2/",
    ),
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
