"""VolumesWebApp: Kubeflow's web app for volumes, asked as its own page in a browser asks it.

Paths and bodies: components/crud-web-apps/volumes/backend of kubeflow/notebooks 1.11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_kubeflow.errors import NotFound, VolumeError
from pytest_kubeflow.webapps.errors import ServerRefused
from pytest_kubeflow.webapps.webapp import WebApp, api_path

_CLAIMS, _VIEWERS = "pvcs", "viewers"
_NO_VIEWER = "uninitialized"
_DEFAULT_CLASS = "{empty}"
"""What its form sends for the cluster's default storage class."""


class VolumesWebApp(WebApp):
    """At the gateway, with a session's credentials. All methods ask for one namespace.

    Raises what every WebApp does.
    """

    prefix = "/volumes"
    title = "the web app for volumes"

    def volumes(self, namespace: str) -> list[Mapping[str, Any]]:
        """The claims of a namespace, as its page lists them.

        Each has `name`, `status` (`phase` and `message`), `capacity`, `modes`, `class`,
        `notebooks` that mount it, and `viewer` (`status` and `url`).
        """
        return list(self.field("GET", api_path(namespace, _CLAIMS), _CLAIMS))

    def volume(self, namespace: str, name: str) -> Mapping[str, Any]:
        """One of these rows. Raises NotFound."""
        for row in self.volumes(namespace):
            if row["name"] == name:
                return row
        raise NotFound(f"{self.title} lists no volume {name} in {namespace}")

    def pods(self, namespace: str, name: str) -> list[str]:
        """The names of the pods that mount a claim, viewers too."""
        found = self.field("GET", api_path(namespace, _CLAIMS, name, "pods"), "pods")
        return [str(pod["metadata"]["name"]) for pod in found]

    def create(
        self,
        namespace: str,
        name: str,
        *,
        size: str,
        mode: str = "ReadWriteOnce",
        storage_class: str | None = None,
    ) -> None:
        """Make a claim, of the cluster's default class if none is named.

        Raises VolumeError where the name is taken or something is refused.
        """
        form = {
            "name": name,
            "type": "empty",
            "size": size,
            "mode": mode,
            "class": _DEFAULT_CLASS if storage_class is None else storage_class,
        }
        try:
            self.created(api_path(namespace, _CLAIMS), form, lambda: self._claim(namespace, name))
        except ServerRefused as error:
            if error.status == 409:
                raise VolumeError(
                    f"there is a volume claim {namespace}/{name} already: left as it is; take "
                    f"another name, or none ({error.message})"
                ) from error
            raise VolumeError(
                f"volume claim {namespace}/{name} is not made: {error.message}"
            ) from error

    def delete(self, namespace: str, name: str) -> None:
        """Remove a claim, and its viewer. Raises ServerRefused (409) while other pods use it."""
        self.removed(api_path(namespace, _CLAIMS, name), lambda: self._claim(namespace, name))

    def open_viewer(self, namespace: str, name: str) -> None:
        """Make the viewer of a claim. Raises ServerRefused (409) where there is one."""
        self.created(
            api_path(namespace, _VIEWERS), {"name": name}, lambda: self._has_viewer(namespace, name)
        )

    def close_viewer(self, namespace: str, name: str) -> None:
        """Remove the viewer of a claim. Raises NotFound."""
        self.removed(api_path(namespace, _VIEWERS, name), lambda: self._has_viewer(namespace, name))

    def _claim(self, namespace: str, name: str) -> object:
        return self.called("GET", api_path(namespace, _CLAIMS, name))

    def _has_viewer(self, namespace: str, name: str) -> bool:
        viewer = self.volume(namespace, name).get("viewer") or {}
        return str(viewer.get("status", _NO_VIEWER)) != _NO_VIEWER
