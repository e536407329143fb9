"""Search: what sessions made on a cluster, in all namespaces that we may see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from pytest_kubeflow.cleanup.remnants import Remnant
from pytest_kubeflow.cluster.artifacts import BUCKET, pipeline_root
from pytest_kubeflow.cluster.cluster import Cluster
from pytest_kubeflow.cluster.namespace import choose_namespace
from pytest_kubeflow.errors import ConfigurationError, KubeflowError, PermissionDenied
from pytest_kubeflow.k8s.client import calling
from pytest_kubeflow.k8s.namespaces import wait_until_gone
from pytest_kubeflow.k8s.sessions.leftovers import Leftover, OwnObjects
from pytest_kubeflow.k8s.sessions.ownership import living
from pytest_kubeflow.objectstore.client import S3Access
from pytest_kubeflow.objectstore.keys import access_with, keys_for
from pytest_kubeflow.objectstore.purge import NamespacePurge
from pytest_kubeflow.objectstore.reaper import MarkedPlace, StoreReaper
from pytest_kubeflow.objectstore.reaper import remove as remove_place
from pytest_kubeflow.objectstore.run_artifacts import RunArtifacts
from pytest_kubeflow.objectstore.scratch import bases
from pytest_kubeflow.pipelines.client import make_kfp_client
from pytest_kubeflow.pipelines.experiment import KfpLeftover
from pytest_kubeflow.pipelines.experiment import leftovers as kfp_leftovers
from pytest_kubeflow.pipelines.experiment import remove as remove_from_kfp
from pytest_kubeflow.waiting import Deadline

_SYSTEM = "kubeflow"


class Search:
    """`remnants()` finds them; `unseen` says afterwards where nothing could be looked for.

    `within` bounds it to these namespaces, and what is in no namespace; else it looks in all.
    """

    def __init__(self, cluster: Cluster, *, within: Sequence[str] | None = None) -> None:
        self._cluster = cluster
        self._within = within
        self._objects = OwnObjects(cluster.kubernetes)
        self._purge = NamespacePurge(cluster, failed=self._failed)
        self._homes: set[str] = set()
        self.unseen: list[str] = []
        self.namespaces: list[str] = []
        """Those that were looked at."""

    def remnants(self) -> list[Remnant]:
        """All of them, those of living sessions too; what holds others comes first."""
        self.namespaces = self._namespaces()
        in_kubernetes = [*self._in_kubernetes()]  # which tells the namespaces that go as a whole
        return [*self._in_kfp(), *in_kubernetes, *self._in_store()]

    def _work(self) -> str | None:
        """The namespace that a session would work in, where that has to be there."""
        try:
            return choose_namespace(self._cluster).name
        except ConfigurationError:
            return None  # there is none to work in, and yet something to clear away perhaps

    def _failed(self, message: str) -> None:
        raise KubeflowError(message)

    def _namespaces(self) -> list[str]:
        """All that we may list, or else the one to work in."""
        if self._within is not None:
            return [*self._within]
        work = self._work()
        if not self._cluster.kubernetes.is_configured:
            return [work] if work else []
        try:
            with calling("list namespaces"):
                found = self._cluster.kubernetes.core.list_namespace().items
        except KubeflowError as error:
            if not isinstance(error, PermissionDenied):
                self.unseen.append(error.message)
            return [work] if work else []
        return [str(one.metadata.name) for one in found]

    def _in_kubernetes(self) -> Iterator[Remnant]:
        if not self._cluster.kubernetes.is_configured:
            return
        of_cluster = self._objects.of_cluster()
        inside = self._objects.everywhere(*self.namespaces)
        self._homes = homes = {one.name for one in of_cluster}
        stays = {name: self._why_it_stays(name) for name in homes}
        stays |= {
            name: self._why_it_stays(name, is_home=False)
            for name in {one.namespace for one in inside} - homes
        }
        for one in (*of_cluster, *inside):
            remnant = self._remnant(one)
            remnant.is_part = one.namespace in homes
            remnant.stays = stays[one.namespace or one.name]
            yield remnant

    def _why_it_stays(self, namespace: str, *, is_home: bool = True) -> str:
        """Why what has expired there is left; a home of sessions by any of them that lives."""
        try:
            records = self._objects.records(namespace)
        except KubeflowError as error:
            return f"whether its session lives cannot be seen: {error.message}"
        now = self._cluster.ownership.clock()
        alive = living((one.labels for one in records), now=now) if is_home else ()
        return f"in use by session {', '.join(sorted(alive))}" if alive else ""

    def _remnant(self, one: Leftover) -> Remnant:
        remnant = Remnant(
            str(one), one.labels, one.made, partial(self._objects.remove_after, self._purge, one)
        )
        if not one.namespace:
            remnant.finish = partial(self._wait, one)
        return remnant

    def _wait(self, one: Leftover) -> None:
        kubernetes, timeout = self._cluster.kubernetes, self._cluster.config.session.timeout
        wait_until_gone(kubernetes, one.name, deadline=Deadline.after(timeout))
        self._purge(one.name)  # what was written while it went

    def _in_kfp(self) -> Iterator[Remnant]:
        cluster = self._cluster
        client = make_kfp_client(
            cluster.kfp_api_url,
            credentials=cluster.credentials,
            settings=cluster.config.gateway,
            namespace=None,
        )
        seen = set()
        for namespace in [None, *(self.namespaces if cluster.multi_user else [])]:
            for one in self._listed(client, namespace):
                if one.id not in seen:
                    seen.add(one.id)
                    yield self._of_kfp(client, one)

    def _of_kfp(self, client: Any, one: KfpLeftover) -> Remnant:
        namespace = one.namespace or self._work()
        if one.kind != "experiment" or namespace is None or namespace in self._homes:
            remove = partial(remove_from_kfp, client, one)
            return Remnant(str(one), one.labels, one.made, remove)
        artifacts = RunArtifacts(self._cluster, namespace, failed=self._failed)
        remove = partial(remove_from_kfp, client, one, artifacts.add)
        return Remnant(str(one), one.labels, one.made, remove, artifacts.purge)

    def _listed(self, client: Any, namespace: str | None) -> Sequence[KfpLeftover]:
        kinds = ("pipeline",) if namespace is None and self._cluster.multi_user else None
        try:
            return kfp_leftovers(client, namespace, kinds=kinds)
        except PermissionDenied:
            return []  # somebody else's
        except KubeflowError as error:
            where = f"namespace {namespace}" if namespace else "the pipelines of all"
            self.unseen.append(f"{where}: {error.message}")
            return []

    def _in_store(self) -> Iterator[Remnant]:
        cluster = self._cluster
        if cluster.s3.endpoint is None:
            self.unseen.append(cluster.store.reason)
            return
        work = self._work()
        keys = next(keys_for(cluster, _SYSTEM, *([work] if work else [])), None)
        if keys is None:
            self.unseen.append(
                f"{cluster.store.described}: there are no keys for it that we may read"
            )
            return
        for place in self._marked(access_with(cluster, keys)):
            yield Remnant(str(place), place.labels, place.made, partial(remove_place, place))

    def _marked(self, access: S3Access) -> Iterator[MarkedPlace]:
        seen = set()
        for namespace in self.namespaces:
            root = pipeline_root(self._cluster.kubernetes, namespace)
            bucket, homes = root.bucket if root else BUCKET, bases(root, namespace)
            for place in StoreReaper(access, bucket, homes).places():
                if place.bucket.path not in seen:
                    seen.add(place.bucket.path)
                    yield place
