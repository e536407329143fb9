"""NotebookState: what a Notebook object says, and what can be told from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from pytest_kubeflow.k8s.objects.custom_object import ObjectState
from pytest_kubeflow.notebooks.spec import HOME, STOPPED

_PREFIX = "NB_PREFIX"


@dataclass(frozen=True)
class NotebookState(ObjectState):
    """A Notebook as the API gave it."""

    @property
    def path(self) -> str:
        """Where it is behind the gateway, without a slash at the end."""
        return f"/notebook/{self.metadata['namespace']}/{self.name}"

    @property
    def pod_spec(self) -> Mapping[str, Any]:
        """What its pod is to be."""
        found: Mapping[str, Any] = self.object["spec"]["template"]["spec"]
        return found

    @property
    def _container(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.pod_spec["containers"][0]
        return found

    @property
    def ready_replicas(self) -> int:
        """1 while its pod is ready; that does not say that its server responds."""
        return int(self.status.get("readyReplicas") or 0)

    @property
    def stopped_since(self) -> str:
        """The value of the annotation that stops it; empty where it is not stopped."""
        annotations = self.metadata.get("annotations") or {}
        return str(annotations.get(STOPPED) or "unknown") if STOPPED in annotations else ""

    @property
    def prefix(self) -> str:
        """NB_PREFIX where the object sets it itself, which the controller does not change."""
        for one in self._container.get("env") or ():
            if one.get("name") == _PREFIX:
                return str(one.get("value") or "")
        return ""

    @property
    def claims(self) -> dict[str, str]:
        """Its persistent claims, by the directory that they are mounted at."""
        sources = {
            volume["name"]: (volume.get("persistentVolumeClaim") or {}).get("claimName")
            for volume in self.pod_spec.get("volumes") or ()
        }
        return {
            str(mount["mountPath"]): str(claim)
            for mount in self._container.get("volumeMounts") or ()
            if (claim := sources.get(mount.get("name")))
        }

    @property
    def loses(self) -> str:
        """What is lost when its pod ends, as a sentence; empty if the home directory is kept."""
        home = PurePosixPath(str(self._container.get("workingDir") or HOME))
        kept = self.claims
        if any(home == PurePosixPath(at) or PurePosixPath(at) in home.parents for at in kept):
            return ""
        mounted = ", ".join(f"{claim} at {at}" for at, claim in kept.items())
        return (
            f"Notebook {self.metadata['namespace']}/{self.name} will lose data: no claim is "
            f"mounted at {home}, where its server saves files "
            f"({mounted or 'it has no claim at all'}); all that is saved there is gone when it is "
            f"stopped or its pod ends: mount a claim at {home}"
        )

    def describe(self) -> str:
        """One line: what its status says."""
        if self.is_being_deleted:
            return "being deleted"
        if self.stopped_since:
            return f"stopped (since {self.stopped_since})"
        state = self.status.get("containerState") or {}
        waiting = state.get("waiting") or state.get("terminated")
        if waiting:
            message = ": ".join(
                str(waiting[key]) for key in ("reason", "message") if waiting.get(key)
            )
            return f"its container waits: {message}" if "waiting" in state else f"ended: {message}"
        for condition in self.status.get("conditions") or ():
            if condition.get("status") == "False" and condition.get("message"):
                return f"{condition.get('reason') or condition.get('type')}: {condition['message']}"
        if self.ready_replicas:
            return "its pod is ready"
        return "no pod yet" if not self.status.get("conditions") else "its pod is not ready"
