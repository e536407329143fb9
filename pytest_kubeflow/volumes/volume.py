"""AppVolume: one claim that was made by the volumes web app, as a person makes it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any

from pytest_kubeflow.errors import KubeflowError, NotFound
from pytest_kubeflow.k8s.client import calling
from pytest_kubeflow.k8s.volumes.volume import Volume
from pytest_kubeflow.volumes.access import VolumesAccess
from pytest_kubeflow.volumes.errors import ViewerFailed
from pytest_kubeflow.volumes.viewer import PREFIX, Viewer
from pytest_kubeflow.waiting import wait_until

_LABEL = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)


class AppVolume:
    """A claim of ours. `viewer` shows its files in a browser, `by_pod` in pods."""

    def __init__(self, access: VolumesAccess, name: str) -> None:
        self._access = access
        self.name = name
        self.namespace = access.namespace

    def __repr__(self) -> str:
        return f"AppVolume({self.namespace}/{self.name})"

    @property
    def row(self) -> Mapping[str, Any]:
        """Its line in the app's table: `status`, `capacity`, `viewer`... Raises NotFound."""
        return self._access.app.volume(self.namespace, self.name)

    @property
    def pods(self) -> list[str]:
        """The pods that mount it, as the app tells."""
        return self._access.app.pods(self.namespace, self.name)

    @cached_property
    def viewer(self) -> Viewer:
        """Its viewer, opened or not."""
        return Viewer(self._access, self.name)

    @cached_property
    def by_pod(self) -> Volume:
        """The same claim in helper pods: `write(files)`, `read_bytes(path)`, `list()`."""
        return Volume(self._access.by_pods, self.name)

    def open(self, timeout: float | None = None) -> Viewer:
        """Open its viewer by the app, and wait until it responds; returns it.

        Raises ViewerFailed for a claim that is called so that its viewer gets no Service.
        """
        if not _LABEL.fullmatch(PREFIX + self.name):
            raise ViewerFailed(
                f"volume {self.namespace}/{self.name} can have no viewer: its Service would be "
                f"called {PREFIX}{self.name}, and such a name has at most 63 characters and no dots"
            )
        self._access.app.open_viewer(self.namespace, self.name)
        return self.viewer.wait_ready(timeout)

    def close(self, timeout: float | None = None) -> None:
        """Close its viewer by the app, and wait until its pod is gone; the claim stays."""
        with contextlib.suppress(NotFound):
            self._access.app.close_viewer(self.namespace, self.name)
        self._wait_gone(timeout, claim=False)

    def in_use(self, labels: Mapping[str, str] | None = None) -> AbstractContextManager[str]:
        """Meanwhile a pod of ours mounts it, with these labels besides ours; gives its name."""
        return self._access.by_pods.in_use(self.name, labels or {})

    def delete(self, *, wait: bool = True, timeout: float | None = None) -> None:
        """Remove it by the app, and wait until it and its viewer are gone.

        Raises ServerRefused (409) while pods use it, NotFound where it is gone.
        """
        self._access.app.delete(self.namespace, self.name)
        if wait:
            self._wait_gone(timeout, claim=True)

    def _wait_gone(self, timeout: float | None, *, claim: bool) -> None:
        what = f"volume {self.namespace}/{self.name} and its viewer" if claim else "the viewer"
        wait_until(
            lambda: self.left if claim else [one for one in self.left if one != "claim"],
            lambda left: not left,
            deadline=self._access.deadline(timeout),
            what=f"{what} to be gone",
            describe=lambda left: f"there is still its {', '.join(left)}",
            evidence=self.viewer.evidence,
        )

    @property
    def left(self) -> list[str]:
        """The kinds of what there is of it now: claim, viewer, pod of the viewer."""
        found = ["claim"] if self.claim is not None else []
        try:
            self.viewer.object  # noqa: B018  it asks
        except NotFound:
            pass
        else:
            found.append("viewer")
        return [*found, *(["viewer's pod"] if self.viewer.workload.pod is not None else [])]

    @property
    def claim(self) -> Any:
        """The V1PersistentVolumeClaim; None where there is none."""
        try:
            with calling(f"read volume claim {self.namespace}/{self.name}"):
                return self._access.cluster.kubernetes.core.read_namespaced_persistent_volume_claim(
                    self.name, self.namespace
                )
        except NotFound:
            return None

    def remove(self) -> None:
        """Remove what is left of it, viewer and claim; for the end of a test."""
        with contextlib.suppress(NotFound):
            self._access.app.close_viewer(self.namespace, self.name)
        found = self.claim
        if found is None:
            return
        try:
            with calling(f"delete volume claim {self.namespace}/{self.name}"):
                self._access.cluster.kubernetes.core.delete_namespaced_persistent_volume_claim(
                    self.name,
                    self.namespace,
                    body={"preconditions": {"uid": found.metadata.uid}},
                )
        except NotFound:
            return

    def label(self, labels: Mapping[str, str]) -> None:
        """Give it our labels: the app's form has no field for any."""
        try:
            with calling(f"label volume claim {self.namespace}/{self.name}"):
                self._access.cluster.kubernetes.core.patch_namespaced_persistent_volume_claim(
                    self.name, self.namespace, {"metadata": {"labels": dict(labels)}}
                )
        except KubeflowError:
            with contextlib.suppress(KubeflowError):
                self._access.app.delete(self.namespace, self.name)
            raise
