"""NamespacePurge: the objects of namespaces that we made go with them.

KFP keeps the artifacts of a profile's runs below a prefix of its bucket, and leaves them there when
the profile goes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pytest_kubeflow.cluster.artifacts import BUCKET, pipeline_root
from pytest_kubeflow.cluster.base import KubernetesCluster
from pytest_kubeflow.errors import KubeflowError, ObjectStoreError
from pytest_kubeflow.objectstore.client import S3Access
from pytest_kubeflow.objectstore.keys import access_with, keys_for
from pytest_kubeflow.objectstore.reaper import purge_namespace

_SYSTEM = "kubeflow"


def remove_with(
    ways: Iterable[S3Access],
    remove: Callable[[S3Access], object],
    *,
    failed: Callable[[str], None],
) -> None:
    """Have `remove` done by the first keys that may; `failed` is told why none may."""
    refusal = ""
    for access in ways:
        try:
            remove(access)
        except KubeflowError as error:
            if isinstance(error, ObjectStoreError) and error.code == "NoSuchBucket":
                return  # nothing is below it
            refusal = refusal or error.message
        else:
            return
    if refusal:
        failed(f"left behind in the object store: {refusal}")


class NamespacePurge:
    """Call it with the name of a namespace of ours, before it goes and again afterwards.

    `failed(message)` is told what cannot be removed. Where no store was found nothing is done.
    """

    def __init__(self, cluster: KubernetesCluster, *, failed: Callable[[str], None]) -> None:
        self._cluster = cluster
        self._failed = failed
        # What a namespace tells goes with it.
        self._known: dict[str, tuple[str, list[S3Access]]] = {}

    def __call__(self, namespace: str) -> None:
        """Remove its objects."""
        if self._cluster.s3.endpoint is None:
            return
        if namespace not in self._known:
            self._known[namespace] = self._look(namespace)
        bucket, ways = self._known[namespace]
        remove_with(
            ways, lambda access: purge_namespace(access, bucket, namespace), failed=self._failed
        )

    def _look(self, namespace: str) -> tuple[str, list[S3Access]]:
        root = pipeline_root(self._cluster.kubernetes, namespace)
        keys = keys_for(self._cluster, namespace, _SYSTEM)
        ways = [access_with(self._cluster, one) for one in keys]
        return (root.bucket if root is not None else BUCKET), ways
