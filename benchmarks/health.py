"""How long platform health takes on a large cluster, and a diagnosis of one failure.

`python -m benchmarks.health`: 2,000 pods, 500 Deployments, 1,000 events of the type Warning and 200
certificates with their Secrets, in the embedded API server alone; a tenth of the pods crash. The
diagnosis is of a failure whose 400,000 characters of evidence show nothing known, which takes the
longest.
"""

from __future__ import annotations

import base64
import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pytest_kubeflow.cluster.base import KubernetesCluster
from pytest_kubeflow.config.groups.kubernetes import KubernetesSettings
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.platform.diagnosis import diagnose
from pytest_kubeflow.platform.examination import examine
from pytest_kubeflow.redaction import Redactor
from tests.platform.authority import Authority

PODS, DEPLOYMENTS, WARNINGS, CERTIFICATES = 2_000, 500, 1_000, 200
_NAMESPACES = ("kubeflow", "istio-system", "cert-manager", "team-a", "team-b", "team-c")
_TEXT = 400_000
_BOUND, _REQUESTS, _DIAGNOSIS = 10.0, 80, 0.05


@contextlib.contextmanager
def api_server() -> Iterator[Path]:
    """The path of an administrator's kubeconfig."""
    command = [sys.executable, "-m", "pytest_kubeflow.local.apiserver"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield Path(server.stdout.readline().strip())
        finally:
            server.terminate()


class Filling:
    """Puts objects into an API server, several at once."""

    def __init__(self, kubernetes: KubernetesClient) -> None:
        self._api = kubernetes.api_client

    def post(self, path: str, objects: list[dict[str, Any]]) -> None:
        """Create them there, with their status where they have one."""

        def one(obj: dict[str, Any]) -> None:
            where = path.format(namespace=obj["metadata"].get("namespace", ""))
            self._ask("POST", where, obj)
            if "status" in obj:
                name = obj["metadata"]["name"]
                self._ask("PATCH", f"{where}/{name}/status", {"status": obj["status"]})

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(one, objects))

    def _ask(self, method: str, path: str, body: dict[str, Any]) -> None:
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        self._api.call_api(
            path,
            method,
            body=body,
            header_params={"Content-Type": kind, "Accept": "application/json"},
            auth_settings=["BearerToken"],
            _preload_content=False,
        )


def _namespace(number: int) -> str:
    return _NAMESPACES[number % len(_NAMESPACES)]


def _owner(kind: str, name: str) -> list[dict[str, Any]]:
    return [{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": name, "controller": True}]


def pods() -> list[dict[str, Any]]:
    """A tenth of them crash."""
    made = []
    for number in range(PODS):
        crashes = number % 10 == 0
        state: dict[str, Any] = {"running": {"startedAt": _stamp()}}
        if crashes:
            state = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}}
        last = {"terminated": {"exitCode": 1, "reason": "Error"}} if crashes else {}
        status = {
            "name": "main",
            "image": "example.org/app:1",
            "imageID": "",
            "ready": not crashes,
            "restartCount": 12 if crashes else 0,
            "state": state,
            "lastState": last,
        }
        made.append(
            {
                "metadata": {
                    "name": f"app-{number}",
                    "namespace": _namespace(number),
                    "labels": {"app": f"app-{number % DEPLOYMENTS}"},
                    "ownerReferences": _owner("ReplicaSet", f"app-{number % DEPLOYMENTS}-5d"),
                },
                "spec": {"containers": [{"name": "main", "image": "example.org/app:1"}]},
                "status": {"phase": "Running", "containerStatuses": [status]},
            }
        )
    return made


def deployments() -> list[dict[str, Any]]:
    """Each with four pods."""
    made = []
    for number in range(DEPLOYMENTS):
        labels = {"app": f"app-{number}"}
        container = {"name": "main", "image": "example.org/app:1"}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
        made.append(
            {
                "metadata": {"name": f"app-{number}", "namespace": _namespace(number)},
                "spec": {
                    "replicas": 4,
                    "selector": {"matchLabels": labels},
                    "template": template,
                },
                "status": {"observedGeneration": 1, "replicas": 4, "readyReplicas": 4},
            }
        )
    return made


def warnings() -> list[dict[str, Any]]:
    """Events of pods."""
    return [
        {
            "metadata": {"name": f"app-{number}.{number:x}", "namespace": _namespace(number)},
            "involvedObject": {"kind": "Pod", "name": f"app-{number}"},
            "type": "Warning",
            "reason": "BackOff",
            "message": "Back-off restarting failed container main in pod",
            "lastTimestamp": _stamp(),
        }
        for number in range(WARNINGS)
    ]


def secrets() -> list[dict[str, Any]]:
    """Certificates with their keys: all of one authority."""
    authority = Authority()
    issued = authority.issue("app.team.svc")
    data = {
        "tls.crt": base64.b64encode(issued.pem.encode()).decode(),
        "tls.key": base64.b64encode(issued.key_pem.encode()).decode(),
    }
    return [
        {
            "metadata": {"name": f"app-{number}-tls", "namespace": _namespace(number)},
            "type": "kubernetes.io/tls",
            "data": data,
        }
        for number in range(CERTIFICATES)
    ]


def certificates() -> list[dict[str, Any]]:
    """What cert-manager has issued these for."""
    return [
        {
            "apiVersion": "cert-manager.io/v1",
            "kind": "Certificate",
            "metadata": {"name": f"app-{number}", "namespace": _namespace(number)},
            "spec": {"secretName": f"app-{number}-tls"},
            "status": {
                "conditions": [{"type": "Ready", "status": "True"}],
                "notAfter": "2099-01-01T00:00:00Z",
            },
        }
        for number in range(CERTIFICATES)
    ]


DEFINITION: dict[str, Any] = {
    "metadata": {"name": "certificates.cert-manager.io"},
    "spec": {
        "group": "cert-manager.io",
        "names": {
            "kind": "Certificate",
            "listKind": "CertificateList",
            "plural": "certificates",
            "singular": "certificate",
        },
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "x-kubernetes-preserve-unknown-fields": True,
                    }
                },
            }
        ],
    },
}


def _stamp() -> str:
    return (datetime.now(UTC) - timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")


def main() -> None:
    """Fill it, look at it three times, and print what that took."""
    with api_server() as kubeconfig:
        kubernetes = KubernetesClient(kubeconfig)
        filling = Filling(kubernetes)
        names = [{"metadata": {"name": name}} for name in _NAMESPACES]
        filling.post("/api/v1/namespaces", names)
        accounts = [{"metadata": {"name": "default", "namespace": name}} for name in _NAMESPACES]
        filling.post("/api/v1/namespaces/{namespace}/serviceaccounts", accounts)
        filling.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", [DEFINITION])
        filling.post("/apis/cert-manager.io/v1/namespaces/{namespace}/certificates", certificates())
        filling.post("/api/v1/namespaces/{namespace}/pods", pods())
        filling.post("/apis/apps/v1/namespaces/{namespace}/deployments", deployments())
        filling.post("/api/v1/namespaces/{namespace}/events", warnings())
        filling.post("/api/v1/namespaces/{namespace}/secrets", secrets())
        cluster = KubernetesCluster(
            config=KubeflowConfig(kubernetes=KubernetesSettings(kubeconfig=kubeconfig)),
            kubernetes=kubernetes,
            ownership=Ownership("benchmark"),
            redactor=Redactor(),
        )
        for _ in range(3):
            began = time.perf_counter()
            health = examine(cluster)
            seconds = time.perf_counter() - began
            requests = health.snapshot.requests + health.snapshot.observed.requests
            print(
                f"{seconds:5.2f} s, {requests} requests, {len(health.findings)} findings: "
                f"{seconds / _BOUND:.2f} and {requests / _REQUESTS:.2f} of their bounds"
            )
        cluster.close()
    words = (
        "the quick brown fox: kubeflow/app-17 answers 503 at 12:34:56 webhook.x509 certificate\n"
    )
    text = (words * (_TEXT // len(words) + 1))[:_TEXT]
    diagnose([text], health.findings)
    began = time.perf_counter()
    diagnose([text], health.findings)
    seconds = time.perf_counter() - began
    print(f"{1000 * seconds:.0f} ms for a diagnosis: {seconds / _DIAGNOSIS:.2f} of its bound")


if __name__ == "__main__":
    main()
