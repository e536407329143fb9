"""TensorboardsWebApp: Kubeflow's web app for TensorBoards, asked as its page in a browser asks it.

Paths and bodies: components/crud-web-apps/tensorboards/backend of kubeflow/notebooks 1.11.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_kubeflow.tensorboards.errors import TensorboardFailed
from pytest_kubeflow.webapps.errors import ServerRefused
from pytest_kubeflow.webapps.webapp import WebApp, api_path

_PLURAL = "tensorboards"


class TensorboardsWebApp(WebApp):
    """At the gateway, with a session's credentials. All methods ask for one namespace.

    Raises what every WebApp does.
    """

    prefix = "/tensorboards"
    title = "the web app for TensorBoards"

    def tensorboards(self, namespace: str) -> list[Mapping[str, Any]]:
        """Those of a namespace: `name`, `logspath`, `status` with `phase` and `message`."""
        return list(self.field("GET", api_path(namespace, _PLURAL), _PLURAL))

    def claims(self, namespace: str) -> list[str]:
        """The names of the claims that its form offers."""
        return [str(one) for one in self.field("GET", api_path(namespace, "pvcs"), "pvcs")]

    def create(
        self, namespace: str, name: str, *, logspath: str, configurations: Sequence[str] = ()
    ) -> None:
        """Send the form. Raises TensorboardFailed where the name is taken or something is refused.

        `configurations` are the labels of PodDefaults.
        """
        form = {"name": name, "logspath": logspath, "configurations": list(configurations)}
        try:
            self.created(api_path(namespace, _PLURAL), form, lambda: self._has(namespace, name))
        except ServerRefused as error:
            if error.status == 409:
                raise TensorboardFailed(
                    f"there is a Tensorboard {namespace}/{name} already: left as it is; take "
                    f"another name, or none ({error.message})"
                ) from error
            raise TensorboardFailed(
                f"Tensorboard {namespace}/{name} is not made: {error.message}"
            ) from error

    def delete(self, namespace: str, name: str) -> None:
        """Remove one; its claim stays. Raises NotFound."""
        self.removed(api_path(namespace, _PLURAL, name), lambda: self._has(namespace, name))

    def _has(self, namespace: str, name: str) -> bool:
        return any(one.get("name") == name for one in self.tensorboards(namespace))
