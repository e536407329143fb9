"""The pod of a session inside the cluster, within the Pod Security Standard "restricted"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.incluster.variables import CERTIFICATES, REPORTS, Variables
from pytest_kubeflow.k8s.pods.template import restricted_pod

TOKEN = "/var/run/secrets/kubeflow/pipelines"  # noqa: S105 a path
"""Where auth/projected.py looks for the token of a pod."""

GRACE_SECONDS = 300
"""From SIGTERM to SIGKILL: the session removes what it made, and writes its reports."""

CONTAINER = "pytest"
_TOKEN_SECONDS = 7200
"""The kubelet renews it after 80% of that; the file is read again whenever it changes."""

_RESOURCES = {
    "requests": {"cpu": "250m", "memory": "512Mi"},
    "limits": {"cpu": "1", "memory": "2Gi"},
}


@dataclass(frozen=True, slots=True)
class SessionPod:
    """What its pod is made of. `selection` are the arguments that select its tests."""

    account: str
    image: str
    selection: Sequence[str]
    variables: Variables
    claim: str
    labels: Mapping[str, str]
    audience: str | None
    """Whom its token is for; None: the API server."""

    has_token: bool
    """Whether it shows a token of its account to Kubeflow."""

    certificates: str | None = None
    """The ConfigMap with the gateway's authority."""

    pull_secrets: Sequence[str] = ()

    def template(self) -> dict[str, Any]:
        """As in the spec of a Job."""
        return {
            "metadata": {
                "labels": {**self.labels, "sidecar.istio.io/inject": "false"},
                "annotations": {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"},
            },
            "spec": {
                "serviceAccountName": self.account,
                "restartPolicy": "Never",
                "enableServiceLinks": False,
                "terminationGracePeriodSeconds": GRACE_SECONDS,
                "securityContext": restricted_pod(),
                **(
                    {"imagePullSecrets": [{"name": one} for one in self.pull_secrets]}
                    if self.pull_secrets
                    else {}
                ),
                "containers": [self._container()],
                "volumes": [*self._volumes()],
            },
        }

    def _container(self) -> dict[str, Any]:
        mounts = [{"name": "tmp", "mountPath": "/tmp"}]  # noqa: S108 of the pod
        mounts.append({"name": "reports", "mountPath": REPORTS})
        if self.has_token:
            mounts.append({"name": "token", "mountPath": TOKEN, "readOnly": True})  # type: ignore[dict-item]
        if self.certificates is not None:
            mounts.append({"name": "authority", "mountPath": CERTIFICATES, "readOnly": True})  # type: ignore[dict-item]
        return {
            "name": CONTAINER,
            "image": self.image,
            "args": [*self.selection, *self.variables.arguments],
            "env": list(self.variables.env),
            "resources": _RESOURCES,
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            },
            "volumeMounts": mounts,
        }

    def _volumes(self) -> list[dict[str, Any]]:
        volumes: list[dict[str, Any]] = [
            {"name": "tmp", "emptyDir": {}},
            {"name": "reports", "persistentVolumeClaim": {"claimName": self.claim}},
        ]
        if self.has_token:
            token: dict[str, Any] = {"path": "token", "expirationSeconds": _TOKEN_SECONDS}
            if self.audience is not None:
                token["audience"] = self.audience
            volumes.append(
                {"name": "token", "projected": {"sources": [{"serviceAccountToken": token}]}}
            )
        if self.certificates is not None:
            volumes.append({"name": "authority", "configMap": {"name": self.certificates}})
        return volumes
