"""JupyterWebApp: Kubeflow's web app for notebooks, asked as its own page in a browser asks it.

Paths and bodies: components/crud-web-apps/jupyter/backend of kubeflow/notebooks.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from pytest_kubeflow.notebooks.errors import NotebookFailed
from pytest_kubeflow.webapps.errors import ServerRefused
from pytest_kubeflow.webapps.webapp import WebApp, api_path

_NOTEBOOKS = "notebooks"


class JupyterWebApp(WebApp):
    """At the gateway, with a session's credentials. All methods ask for one namespace.

    Raises what every WebApp does.
    """

    prefix = "/jupyter"
    title = "the web app for notebooks"

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """The defaults of its form, as the administrator has set them."""
        found = self.field("GET", "/api/config", "config")
        return found if isinstance(found, dict) else {}

    def notebooks(self, namespace: str) -> list[Mapping[str, Any]]:
        """The notebooks of a namespace, as its page lists them."""
        return list(self.field("GET", api_path(namespace, _NOTEBOOKS), _NOTEBOOKS))

    def get(self, namespace: str, name: str) -> Mapping[str, Any]:
        """One Notebook, with `processed_status`: `phase` and `message`. Raises NotFound."""
        found: Mapping[str, Any] = self.field(
            "GET", api_path(namespace, _NOTEBOOKS, name), "notebook"
        )
        return found

    def create(self, namespace: str, form: Mapping[str, Any]) -> None:
        """Send the form. Raises NotebookFailed where the name is taken or something is refused."""
        name = form.get("name")
        try:
            self.created(
                api_path(namespace, _NOTEBOOKS), form, lambda: self.get(namespace, str(name))
            )
        except ServerRefused as error:
            if error.status == 409:
                raise NotebookFailed(
                    f"there is a Notebook {namespace}/{name}, or a claim of its name, already: "
                    f"left as it is; take another name, or none ({error.message})"
                ) from error
            raise NotebookFailed(f"Notebook {namespace}/{name} is not made: {error.message}") from (
                error
            )

    def set_stopped(self, namespace: str, name: str, *, stopped: bool) -> None:
        """Stop or start a notebook."""
        self.called("PATCH", api_path(namespace, _NOTEBOOKS, name), {"stopped": stopped})

    def delete(self, namespace: str, name: str) -> None:
        """Remove a notebook; its claims stay. Raises NotFound."""
        self.removed(api_path(namespace, _NOTEBOOKS, name), lambda: self.get(namespace, name))

    def pod_defaults(self, namespace: str) -> list[Mapping[str, Any]]:
        """What can be chosen as configurations: each has `label` and `desc`."""
        return list(self.field("GET", api_path(namespace, "poddefaults"), "poddefaults"))
