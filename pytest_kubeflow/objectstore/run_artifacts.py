"""RunArtifacts: the objects of runs that we have deleted, in a namespace that stays.

KFP keeps what tasks give, and since 2.17 their logs, below `<root>/<pipeline>/<run id>/`, and
leaves that there when a run is deleted (backend/src/v2 in kubeflow/pipelines).
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from pytest_kubeflow.cluster.artifacts import BUCKET, PipelineRoot, pipeline_root
from pytest_kubeflow.cluster.cluster import Cluster
from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.k8s.client import calling
from pytest_kubeflow.k8s.pods.run_pods import RUN_ID
from pytest_kubeflow.objectstore.bucket import Bucket
from pytest_kubeflow.objectstore.client import S3Access, translated
from pytest_kubeflow.objectstore.keys import access_with, keys_for
from pytest_kubeflow.objectstore.purge import remove_with
from pytest_kubeflow.waiting import Deadline, wait_until

_ROOT = PipelineRoot(BUCKET, "v2/artifacts/")
"""Where KFP keeps them without another configuration."""

_PODS_SECONDS = 30.0
"""How long pods of deleted runs may take to end: they store their logs at their end."""


class RunArtifacts:
    """`add` names deleted runs, `purge` removes what they have stored. Threads may share it.

    `failed(message)` is told what cannot be removed. A root that a run was given for itself is left
    alone, and where there is no store, or no keys for it, nothing is done.
    """

    def __init__(self, cluster: Cluster, namespace: str, *, failed: Callable[[str], None]) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._failed = failed
        self._lock = threading.Lock()
        self._runs: list[tuple[str, str]] = []

    def add(self, pipeline: str, run_id: str) -> None:
        """Name one that was deleted; "" for a pipeline that is not known, which is looked for."""
        with self._lock:
            self._runs.append((pipeline, run_id))

    def purge(self) -> None:
        """Remove the objects of all of them."""
        with self._lock:
            runs, self._runs = self._runs, []
        if not runs or self._cluster.s3.endpoint is None:
            return
        self._wait_for_pods({run_id for _, run_id in runs})
        root = pipeline_root(self._cluster.kubernetes, self._namespace) or _ROOT
        keys = keys_for(self._cluster, self._namespace)
        ways = [access_with(self._cluster, one) for one in keys]

        def remove(access: S3Access) -> None:
            unknown = any(not pipeline for pipeline, _ in runs)
            all_names = _pipelines_below(access, root) if unknown else ()
            for pipeline, run_id in runs:
                for name in (pipeline,) if pipeline else all_names:
                    _remove(access, root, f"{name}/{run_id}/")

        remove_with(ways, remove, failed=self._failed)

    def _wait_for_pods(self, run_ids: set[str]) -> None:
        """Until none of the runs has a pod that could still store something; for a time."""
        kubernetes = self._cluster.kubernetes

        def left() -> int:
            with calling(f"list the pods of runs in {self._namespace}"):
                pods = kubernetes.core.list_namespaced_pod(
                    self._namespace, label_selector=RUN_ID
                ).items
            return sum((pod.metadata.labels or {}).get(RUN_ID) in run_ids for pod in pods)

        if not kubernetes.is_configured:
            return
        try:
            wait_until(
                left,
                lambda count: not count,
                deadline=Deadline.after(_PODS_SECONDS),
                what="the pods of deleted runs to end",
            )
        except KubeflowError:
            return  # what can be removed is removed all the same


def _pipelines_below(access: S3Access, root: PipelineRoot) -> list[str]:
    """The names of pipelines that have stored anything there."""
    with translated(f"list s3://{root.bucket}/{root.prefix}"):
        found = list(access.connect().list_objects(root.bucket, prefix=root.prefix))
    names = [str(one.object_name).removeprefix(root.prefix).strip("/") for one in found]
    return [name for name, one in zip(names, found, strict=True) if one.is_dir and name]


def _remove(access: S3Access, root: PipelineRoot, path: str) -> None:
    place = Bucket(access, root.bucket, f"{root.prefix}{path}")
    for key in place.list():
        place.remove(key)
