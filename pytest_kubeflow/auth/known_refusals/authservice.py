"""What oidc-authservice answers, of Kubeflow 1.8 and before (arrikto/oidc-authservice)."""

from __future__ import annotations

from pytest_kubeflow.auth.known_refusals.known import Known
from pytest_kubeflow.errors import AuthenticationError, ClusterUnreachable

AUTHSERVICE: tuple[Known, ...] = (
    Known(
        503,
        r"^OIDC Setup is not complete",
        ClusterUnreachable,
        "oidc-authservice is not ready: it has not reached Dex yet; see "
        "kubectl -n istio-system logs authservice-0, and kubectl -n auth get pods",
    ),
    Known(
        500,
        r"^Failed to save state",
        ClusterUnreachable,
        "oidc-authservice cannot write its store: its volume is full, or not writable; see "
        "kubectl -n istio-system logs authservice-0",
    ),
    Known(
        400,
        r"^CSRF check failed",
        AuthenticationError,
        "oidc-authservice does not get back the cookie that it set when the login began: this "
        "login ends at another address than it began at",
    ),
    Known(
        500,
        r"^Failed to exchange authorization code",
        ClusterUnreachable,
        "oidc-authservice cannot redeem Dex's code: their client secrets differ, or it does not "
        "reach Dex; see kubectl -n istio-system logs authservice-0",
    ),
)
