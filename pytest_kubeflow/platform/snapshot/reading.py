"""Reading: each kind is listed once, side by side, and what cannot be had is remembered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Any

from pytest_kubeflow.errors import ClusterUnreachable, KubeflowError, NotFound, PermissionDenied
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.listing import get_json, list_pages
from pytest_kubeflow.platform.snapshot import kind as kinds
from pytest_kubeflow.platform.snapshot.fields import Object, items, mapping, text
from pytest_kubeflow.platform.snapshot.kind import Kind
from pytest_kubeflow.platform.snapshot.snapshot import Snapshot, Unseen
from pytest_kubeflow.retries.policy import outages_of

KINDS: tuple[Kind, ...] = tuple(one for one in vars(kinds).values() if isinstance(one, Kind))
"""All that a snapshot has, in the order of `kind.py`."""

_AT_ONCE = 8
_MAX_OUTAGE = 3.0
"""Seconds for which the API server may be away before a kind counts as not to be read."""

_DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
_KEPT = ("name", "namespace", "creationTimestamp", "deletionTimestamp")
_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"


def read_snapshot(
    kubernetes: KubernetesClient,
    *,
    namespaces: Sequence[str] = (),
    wanted: Iterable[Kind] = KINDS,
) -> Snapshot:
    """What the cluster has now of the `wanted` kinds.

    Where a kind may not be listed in the whole cluster it is listed in `namespaces`. What cannot be
    read is in the snapshot as `unseen`; KubeflowError is raised if the API server cannot be asked
    at all.
    """
    with outages_of(_MAX_OUTAGE):
        return _Reading(kubernetes, tuple(namespaces)).read(tuple(wanted))


@dataclass
class _Reading:
    kubernetes: KubernetesClient
    namespaces: tuple[str, ...]
    requests: int = 0
    partly: bool = False
    """Whether some kind could be listed in `namespaces` alone."""

    gone: str = ""
    """Why nothing more is asked: the API server no longer answers."""

    _lock: Lock = field(default_factory=Lock)

    def read(self, wanted: tuple[Kind, ...]) -> Snapshot:
        version, headers = self._get("/version", "ask for the version of Kubernetes")
        served = self._served()
        versions = [(one, served.get(one.resource, "")) for one in wanted]
        present = [(one, version) for one, version in versions if version]
        objects: dict[Kind, Sequence[Object]] = {}
        unseen: list[Unseen] = []
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="snapshot") as pool:
            begun = [
                pool.submit(copy_context().run, self._kind, kind, version)
                for kind, version in present
            ]
            for (kind, _), outcome in zip(present, begun, strict=True):
                found, why = outcome.result()
                if found is not None:
                    objects[kind] = found
                # A resource may be listed in two ways.
                if why and kind.resource not in {one.what for one in unseen}:
                    unseen.append(Unseen(kind.resource, why))
        return Snapshot(
            objects=objects,
            unseen=tuple(unseen),
            served=frozenset(served),
            namespaces=self.namespaces if self.partly else (),
            taken=_date(headers.get("Date", "")),
            server_version=text(version, "gitVersion"),
            requests=self.requests,
        )

    def _served(self) -> dict[str, str]:
        """The preferred version of each resource that is served."""
        found: dict[str, str] = {}
        for root in ("/api", "/apis"):
            told, _ = self._get(root, "list what the Kubernetes API serves", accept=_DISCOVERY)
            for group in items(told, "items"):
                name = text(group, "metadata", "name")
                for version in items(group, "versions"):  # the preferred one comes first
                    for resource in items(version, "resources"):
                        plural = text(resource, "resource")
                        known = f"{plural}.{name}" if name else plural
                        found.setdefault(known, text(version, "version"))
        return found

    def _kind(self, kind: Kind, version: str) -> tuple[Sequence[Object] | None, str]:
        """All of a kind that may be read, None if there is nothing; and what is missing of it."""
        root = f"/apis/{kind.group}/{version}" if kind.group else f"/api/{version}"
        found: list[Object] = []
        try:
            found += self._pages(kind, f"{root}/{kind.plural}")
        except NotFound:  # removed in between
            return None, ""
        except PermissionDenied as refused:
            if not (kind.namespaced and self.namespaces):
                return None, refused.message
            return self._in_namespaces(kind, root, refused)
        except KubeflowError as error:
            return None, self._lost(error)
        return found, ""

    def _in_namespaces(
        self, kind: Kind, root: str, refused: KubeflowError
    ) -> tuple[Sequence[Object] | None, str]:
        found: list[Object] = []
        for namespace in self.namespaces:
            try:
                found += self._pages(kind, f"{root}/namespaces/{namespace}/{kind.plural}")
            except PermissionDenied as error:
                return None, error.message
            except KubeflowError as error:
                return None, self._lost(error)
        self.partly = True
        return found, f"seen in {', '.join(self.namespaces)} alone: {refused.message}"

    def _pages(self, kind: Kind, path: str) -> Iterator[Object]:
        if self.gone:
            raise ClusterUnreachable(self.gone)
        selector = kind.selector or None
        what = f"list {kind.resource}"
        accept = _METADATA if kind.metadata_only else "application/json"
        pages = list_pages(self.kubernetes, path, what, field_selector=selector, accept=accept)
        for page in pages:
            self._count()
            for one in page:
                if isinstance(one, Mapping):
                    yield _who(one) if kind.metadata_only else one

    def _get(
        self, path: str, what: str, *, accept: str = "application/json"
    ) -> tuple[dict[str, Any], dict[str, str]]:
        self._count()
        return get_json(self.kubernetes, path, what, accept=accept)

    def _count(self) -> None:
        with self._lock:
            self.requests += 1

    def _lost(self, error: KubeflowError) -> str:
        if isinstance(error, ClusterUnreachable):
            self.gone = error.message
        return error.message


def _who(obj: Object) -> Object:
    """What an object is called, and since when: its annotations may hold all of a Secret."""
    metadata = mapping(obj, "metadata")
    return {"metadata": {key: metadata[key] for key in _KEPT if key in metadata}}


def _date(header: str) -> datetime:
    """The API server's time, by the header Date; this machine's where it tells none."""
    try:
        return parsedate_to_datetime(header).astimezone(UTC)
    except ValueError:
        return datetime.now(UTC)
