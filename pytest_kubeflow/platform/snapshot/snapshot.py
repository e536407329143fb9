"""Snapshot: the objects of a cluster as they were read, and what could not be read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, TypeVar

from pytest_kubeflow.platform.snapshot.fields import Object, name_of, text
from pytest_kubeflow.platform.snapshot.kind import Kind
from pytest_kubeflow.platform.snapshot.observations import Observations

__all__ = ["Object", "Snapshot", "Unseen"]

T = TypeVar("T")

KUBERNETES = "the Kubernetes API"
"""What is not looked at where nothing could be listed."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """What was not looked at, and why: "pods", "may not be listed: Kubernetes answers 403: ..."."""

    what: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What one reading has found. Checks are functions of it: nothing is asked for afterwards."""

    objects: Mapping[Kind, Sequence[Object]]
    """Of each kind that was listed, all that we may see; nothing of a kind that is not served."""

    observed: Observations = field(default_factory=Observations)
    """What was asked for beside the lists."""

    unseen: Sequence[Unseen] = ()
    """What could not be read, or only in part."""

    served: frozenset[str] = frozenset()
    """The resources that the API serves: "pods", "experiments.kubeflow.org"."""

    namespaces: Sequence[str] = ()
    """The only namespaces that were looked into; empty if it was the whole cluster."""

    taken: datetime = field(default_factory=lambda: datetime.now(UTC))
    """The API server's time when reading began."""

    server_version: str = ""
    """The release of Kubernetes: "v1.34.1"."""

    requests: int = 0
    """How many requests the reading took."""

    def all(self, kind: Kind) -> Sequence[Object]:
        """Those of a kind; none where they were not read."""
        return self.objects.get(kind, ())

    def saw(self, kind: Kind) -> bool:
        """Whether all of this kind were read: who is not here is not on the cluster."""
        return kind in self.objects and not (self.namespaces and kind.namespaced)

    def serves(self, kind: Kind) -> bool:
        """Whether the API serves this kind."""
        return kind.resource in self.served

    def named(self, kind: Kind, name: str, namespace: str = "") -> Object | None:
        """The object of this name; None if it was not seen."""
        wanted = f"{namespace}/{name}" if namespace else name
        return self._by_name[kind].get(wanted)

    def within(self, kind: Kind, namespace: str) -> Iterator[Object]:
        """Those of a namespace."""
        return iter(self._by_namespace[kind].get(namespace, ()))

    def once(self, make: Callable[[Snapshot], T]) -> T:
        """What `make` makes of this snapshot, made once however many checks ask for it."""
        if make not in self._made:
            self._made[make] = make(self)
        found: T = self._made[make]
        return found

    @cached_property
    def _made(self) -> dict[object, Any]:
        return {}

    @cached_property
    def _by_name(self) -> Mapping[Kind, Mapping[str, Object]]:
        found: dict[Kind, dict[str, Object]] = defaultdict(dict)
        for kind, objects in self.objects.items():
            found[kind] = {name_of(one): one for one in objects}
        return found

    @cached_property
    def _by_namespace(self) -> Mapping[Kind, Mapping[str, Sequence[Object]]]:
        found: dict[Kind, dict[str, list[Object]]] = defaultdict(lambda: defaultdict(list))
        for kind, objects in self.objects.items():
            for one in objects:
                found[kind][text(one, "metadata", "namespace")].append(one)
        return found
