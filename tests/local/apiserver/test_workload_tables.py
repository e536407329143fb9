"""What tables show of workloads, as `kubectl get` asks for them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
POD: dict[str, Any] = {"spec": {"containers": [{"name": "main", "image": "busybox:1"}]}}
JOB = {"template": {"spec": {**POD["spec"], "restartPolicy": "Never"}}}
SET = {
    "selector": {"matchLabels": {"app": "x"}},
    "template": {"metadata": {"labels": {"app": "x"}}, **POD},
    "replicas": 3,
}
OVER = [{"type": "SuccessCriteriaMet", "status": "True"}, {"type": "Complete", "status": "True"}]
TIMES = {"startTime": "2026-01-01T00:00:00Z", "completionTime": "2026-01-01T00:03:05Z"}


def row(http: httpx.Client, path: str, body: dict[str, Any], status: Any) -> dict[str, Any]:
    """The row of a new object with that status, by column."""
    made = http.post(path, json={"metadata": {"name": "x"}, **body})
    assert made.status_code == 201, made.text
    if status:
        patch = {"content-type": "application/merge-patch+json"}
        written = http.patch(f"{path}/x/status", json={"status": status}, headers=patch)
        assert written.status_code == 200, written.text
    table = http.get(f"{path}/x", headers={"accept": TABLE}).json()
    names = [one["name"] for one in table["columnDefinitions"]]
    return dict(zip(names, table["rows"][0]["cells"], strict=True))


@pytest.mark.parametrize(
    ("spec", "status", "shown"),
    [
        ({}, {}, ("Running", "0/1", "")),
        ({"completions": 3}, {"succeeded": 2}, ("Running", "2/3", "")),
        ({"parallelism": 4}, {}, ("Running", "0/1 of 4", "")),
        (
            {},
            {"succeeded": 1, "conditions": OVER[:1]},
            ("SuccessCriteriaMet", "1/1", ""),
        ),
        ({}, {"succeeded": 1, "conditions": OVER, **TIMES}, ("Complete", "1/1", "3m5s")),
        (
            {},
            {"conditions": [{"type": "Suspended", "status": "True"}]},
            ("Suspended", "0/1", ""),
        ),
    ],
)
def test_jobs(http: httpx.Client, namespace: str, spec: Any, status: Any, shown: Any) -> None:
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    found = row(http, path, {"spec": {**JOB, **spec}}, status)
    assert (found["Status"], found["Completions"], found["Duration"]) == shown
    assert found["Name"] == "x"


def test_stateful_sets_and_their_revisions(http: httpx.Client, namespace: str) -> None:
    apps = f"/apis/apps/v1/namespaces/{namespace}"
    found = row(http, f"{apps}/statefulsets", {"spec": SET}, {"replicas": 3, "readyReplicas": 2})
    assert found["Ready"] == "2/3"
    owner = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "s", "uid": "u"}
    metadata = {"name": "x", "ownerReferences": [{**owner, "controller": True}]}
    body = {"metadata": metadata, "revision": 7, "data": {}}
    found = row(http, f"{apps}/controllerrevisions", body, None)
    assert (found["Controller"], found["Revision"]) == ("statefulset.apps/s", 7)


def test_endpoints(http: httpx.Client, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/endpoints"
    addresses = [{"ip": f"10.0.0.{one}"} for one in range(1, 6)]
    body = {"subsets": [{"addresses": addresses, "ports": [{"port": 80}]}]}
    shown = "10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 2 more..."
    assert row(http, path, body, None)["Endpoints"] == shown
