"""The reaper: removes what interrupted sessions left behind, found by our labels.

An object is removed when it has our labels, its expiry has passed, and nothing else of its session
has one that has not: a session lives as long as it makes new things, of which a `SessionRecord` is
the least. Where records cannot be seen everything lives; a namespace of ours stays as long as any
session works in it. Or when its session's id is given. Everything else stays, whatever its name.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.sessions.leftovers import Leftover, OwnObjects
from pytest_kubeflow.k8s.sessions.ownership import has_expired, is_ours, label_value, living


class Reaper:
    """Finds and removes leftovers; where we may not look there are none.

    `purge(name)` is asked to remove what a Profile's namespace has elsewhere, before it goes.
    """

    def __init__(
        self,
        kubernetes: KubernetesClient,
        *,
        run_id: str | None = None,
        clock: Callable[[], float] = time.time,
        purge: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._objects = OwnObjects(kubernetes)
        self._run_id = None if run_id is None else label_value(run_id)
        self._clock = clock
        self._purge = purge

    def leftovers(self, namespace: str | None = None) -> list[Leftover]:
        """What may be removed: objects in `namespace`, or Profiles and Namespaces without one."""
        if namespace is not None:
            found = self._objects.inside(namespace)
            return self.removable(found) if self._shows_records(namespace) else []
        found = self._objects.of_cluster()
        return [one for one in self.removable(found) if not self._lives(one)]

    def removable(self, found: Iterable[Leftover]) -> list[Leftover]:
        """Those that may be removed, as far as these objects tell."""
        found = list(found)
        now = self._clock()
        alive = living((one.labels for one in found), now=now)
        return [
            one
            for one in found
            if not one.is_going
            and (
                self._is_chosen(one)
                if self._run_id is not None
                else has_expired(one.labels, now=now) and one.run_id not in alive
            )
        ]

    def reap(self, namespace: str | None = None) -> list[Leftover]:
        """Remove them, and return those whose deletion has begun."""
        removed = []
        for leftover in self.leftovers(namespace):
            try:
                self._objects.remove_after(self._purge, leftover)
            except KubeflowError:
                continue  # not ours to force: the next session tries again
            removed.append(leftover)
        return removed

    def _is_chosen(self, one: Leftover) -> bool:
        return is_ours(one.labels) and one.run_id == self._run_id

    def _shows_records(self, namespace: str) -> bool:
        if self._run_id is not None:
            return True
        try:
            self._objects.records(namespace)
        except KubeflowError:
            return False
        return True

    def _lives(self, one: Leftover) -> bool:
        """Whether a namespace of ours holds what says that its session lives, or another in it.

        So it does where that cannot be seen.
        """
        if self._run_id is not None:
            return False
        try:
            records = self._objects.records(one.name)
        except KubeflowError:
            return True
        return bool(living((each.labels for each in records), now=self._clock()))
