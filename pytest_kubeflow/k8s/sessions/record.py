"""SessionRecord: the ConfigMap that says that a session lives, or what it kept.

Labels expire. A session that outlives them renews one object, not all: it makes a new record and
deletes the one before, so it needs no right that making and removing things does not take.
"""

from __future__ import annotations

from pytest_kubeflow.errors import KubeflowError, NotFound
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.sessions.leftovers import OwnObjects
from pytest_kubeflow.k8s.sessions.made import MADE
from pytest_kubeflow.k8s.sessions.ownership import EXPIRES, RUN_ID, Ownership

STATE = "pytest-kubeflow.io/state"
RUNNING, KEPT = "running", "kept"
"""What a session record says of its session: what is kept outlives that."""

_TOLD = "While this is here and has not expired, no other session removes what this one made."


class SessionRecord:
    """Of one session, in one namespace."""

    def __init__(self, kubernetes: KubernetesClient, namespace: str, ownership: Ownership) -> None:
        self._kubernetes = kubernetes
        self._namespace = namespace
        self._ownership = ownership
        self._name: str | None = None

    def renew(self, *, lifetime: float | None = None, state: str = RUNNING) -> None:
        """Say it anew: for the usual time, or `lifetime` seconds. Raises KubeflowErrors."""
        before, name = self._name, self._ownership.name("session")
        labels = {**self._ownership.labels(lifetime=lifetime), STATE: state}
        body = {"metadata": {"name": name, "labels": labels}, "data": {"about": _TOLD}}
        with calling(f"create ConfigMap {self._namespace}/{name}"):
            self._kubernetes.core.create_namespaced_config_map(self._namespace, body)
        MADE.add("configmap")
        self._name = name
        if before is not None:
            self._delete(before)

    def keep(self, seconds: float) -> None:
        """What the session made here stays so long. Raises KubeflowErrors.

        The objects get that expiry too, as far as we may change them: for people.
        """
        self.renew(lifetime=seconds, state=KEPT)
        objects = OwnObjects(self._kubernetes)
        expires = self._ownership.labels(lifetime=seconds)[EXPIRES]
        here = [*objects.inside(self._namespace)]
        here += [one for one in objects.of_cluster() if one.name == self._namespace]
        for one in here:
            if one.run_id == self._ownership.labels()[RUN_ID]:
                try:
                    objects.relabel(one, expires=expires)
                except KubeflowError:
                    continue  # the record counts

    def close(self) -> None:
        """Nothing is left of the session here. Raises KubeflowErrors."""
        if self._name is not None:
            name, self._name = self._name, None
            self._delete(name)

    def _delete(self, name: str) -> None:
        try:
            with calling(f"delete ConfigMap {self._namespace}/{name}"):
                self._kubernetes.core.delete_namespaced_config_map(name, self._namespace)
        except NotFound:
            return
