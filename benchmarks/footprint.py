"""What each suite makes on a cluster, and how much its pods request at once.

`python -m benchmarks.footprint [SUITE...]` runs the suites one after the other on an embedded
Kubeflow, watches the objects in the namespaces that they work in, and prints a row of Markdown for
each suite: docs/reference/footprint.md has them.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pytest_kubeflow.k8s.sessions.ownership import MANAGED_BY, MANAGER
from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.local.endpoints import Endpoints
from pytest_kubeflow.quantity import parse_quantity
from tests.suites.test_red import ways_in

ROOT = Path(__file__).parents[1]
SUITES = sorted(one.parent.name for one in (ROOT / "suites").glob("*/__init__.py"))
KINDS = {
    "pods": "/api/v1/pods",
    "claims": "/api/v1/persistentvolumeclaims",
    "ConfigMaps": "/api/v1/configmaps",
    "Secrets": "/api/v1/secrets",
    "Workflows": "/apis/argoproj.io/v1alpha1/workflows",
    "Profiles": "/apis/kubeflow.org/v1/profiles",
    "Notebooks": "/apis/kubeflow.org/v1/notebooks",
    "PodDefaults": "/apis/kubeflow.org/v1alpha1/poddefaults",
    "PVCViewers": "/apis/kubeflow.org/v1alpha1/pvcviewers",
    "Tensorboards": "/apis/tensorboard.kubeflow.org/v1alpha1/tensorboards",
    "Experiments": "/apis/kubeflow.org/v1beta1/experiments",
    "Trials": "/apis/kubeflow.org/v1beta1/trials",
    "TrainJobs": "/apis/trainer.kubeflow.org/v1alpha1/trainjobs",
    "InferenceServices": "/apis/serving.kserve.io/v1beta1/inferenceservices",
}
_ALSO_OTHERS = ("ConfigMaps", "Secrets")
"""Kinds of which controllers make some in each namespace: those with our label count."""

_GONE = {"Succeeded", "Failed"}
Request = tuple[float, float]
"""CPUs and bytes of memory."""


def request_of(pod: dict[str, Any]) -> Request:
    """What the scheduler counts of a pod, without overhead."""

    def of(containers: list[dict[str, Any]], resource: str) -> list[float]:
        asked = (one.get("resources", {}).get("requests", {}) for one in containers)
        return [float(parse_quantity(str(one.get(resource, "0")))) for one in asked]

    spec = pod["spec"]
    first = spec.get("initContainers", [])
    aside = [one for one in first if one.get("restartPolicy") == "Always"]
    found = [
        max(
            [
                sum(of([*spec["containers"], *aside], resource)),
                *of([one for one in first if one not in aside], resource),
            ]
        )
        for resource in ("cpu", "memory")
    ]
    return found[0], found[1]


class Footprint:
    """What there was of each kind, and the most at once, but for `others`. Safe for threads."""

    def __init__(self, others: set[str]) -> None:
        self._others = others
        self._lock = threading.Lock()
        self._pods: dict[str, Request] = {}
        self._claims: dict[str, float] = {}
        self._seen: set[str] = set()
        self.made: Counter[str] = Counter()
        self.pods = 0
        self.cpu = self.memory = self.storage = 0.0

    def take(self, kind: str, event: str, found: dict[str, Any]) -> None:
        """One event of a watch."""
        metadata = found["metadata"]
        labels = metadata.get("labels") or {}
        if metadata.get("namespace", metadata["name"]) in self._others:
            return
        if kind in _ALSO_OTHERS and labels.get(MANAGED_BY) != MANAGER:
            return
        with self._lock:
            self._count(kind, metadata["uid"], labels)
            if kind == "pods":
                over = event == "DELETED" or found.get("status", {}).get("phase") in _GONE
                self._pods.pop(metadata["uid"], None)
                # One that no node takes holds nothing.
                if not over and "nodeName" in found["spec"]:
                    self._pods[metadata["uid"]] = request_of(found)
                self.pods = max(self.pods, len(self._pods))
                self.cpu = max(self.cpu, sum(one for one, _ in self._pods.values()))
                self.memory = max(self.memory, sum(one for _, one in self._pods.values()))
            if kind == "claims":
                self._claims.pop(metadata["uid"], None)
                if event != "DELETED":
                    size = found["spec"]["resources"]["requests"]["storage"]
                    self._claims[metadata["uid"]] = float(parse_quantity(size))
                self.storage = max(self.storage, sum(self._claims.values()))

    def _count(self, kind: str, uid: str, labels: dict[str, str]) -> None:
        if uid not in self._seen:
            self._seen.add(uid)
            is_run = kind == "Workflows" and "pipeline/runid" in labels
            self.made["runs" if is_run else kind] += 1

    def row(self, suite: str) -> str:
        """As Markdown."""
        made = ", ".join(
            f"{number} {kind.removesuffix('s') if number == 1 else kind}"
            for kind, number in sorted(self.made.items())
        )
        gib = 1 << 30
        return (
            f"| `{suite}` | {made or 'nothing'} | {self.pods} | {self.cpu:.2f} | "
            f"{self.memory / gib:.1f} Gi | {self.storage / gib:.1f} Gi |"
        )


@contextmanager
def watching(where: Endpoints, footprint: Footprint) -> Iterator[None]:
    """Have `footprint` take all events meanwhile, but those of what was there before."""
    from kubernetes import client, config

    over = threading.Event()

    def follow(kind: str, path: str) -> None:
        with config.new_client_from_config(str(where.kubeconfig)) as api:
            newest = ask(api, path)["metadata"]["resourceVersion"]
            ready.release()
            while not over.is_set():
                query = [("watch", "true"), ("resourceVersion", newest), ("timeoutSeconds", "5")]
                answer = call(api, path, query)
                for line in answer:
                    event = json.loads(line)
                    if event["type"] in {"ADDED", "MODIFIED", "DELETED"}:
                        newest = event["object"]["metadata"]["resourceVersion"]
                        footprint.take(kind, event["type"], event["object"])

    def call(api: client.ApiClient, path: str, query: list[tuple[str, str]]) -> Any:
        return api.call_api(
            path,
            "GET",
            query_params=query,
            auth_settings=["BearerToken"],
            _preload_content=False,
            _return_http_data_only=True,
        )

    def ask(api: client.ApiClient, path: str) -> Any:
        return json.loads(call(api, path, [("limit", "1")]).data)

    ready = threading.Semaphore(0)
    threads = [threading.Thread(target=follow, args=one) for one in KINDS.items()]
    for one in threads:
        one.start()
    for _ in threads:
        ready.acquire()
    try:
        yield
    finally:
        over.set()
        for one in threads:
            one.join()


def namespaces(where: Endpoints) -> set[str]:
    """Those that there are now."""
    from kubernetes import client, config

    with config.new_client_from_config(str(where.kubeconfig)) as api:
        return {one.metadata.name for one in client.CoreV1Api(api).list_namespace().items}


def run(where: Endpoints, suite: str) -> tuple[int, str]:
    """A session of one suite; its exit code, and which tests failed."""
    options, environment = ways_in(where, 300)
    # KServe looks at whole buckets, which the keys of a profile may not.
    environment["KF_S3_ACCESS_KEY"] = where.s3_access_key
    environment["KF_S3_SECRET_KEY"] = where.s3_secret_key
    more = {"upgrade": "--kf-upgrade=before", "load": "--kf-load=10"}.get(suite, "--kf-slow")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "--tb=line"),
            *(*options, more, "--kf-recurring-period=5s", f"suites/{suite}"),
        ],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, "\n".join(
        re.findall(r"^(?:FAILED|ERROR) .+", done.stdout, re.MULTILINE)
    )


def main() -> None:
    """Measure the suites that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", nargs="*", choices=[[], *SUITES], metavar="SUITE")
    wanted = parser.parse_args().suites or SUITES
    with LocalKubeflow() as running:
        where = running.endpoints
        for suite in wanted:
            footprint = Footprint(namespaces(where))
            with watching(where, footprint):
                code, failed = run(where, suite)
            print(footprint.row(suite), flush=True)
            print(f"{suite}: exit code {code} {failed}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
