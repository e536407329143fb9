"""TensorboardAccess: what TensorBoards and their web app are asked with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from pytest_kubeflow.tensorboards.webapp import TensorboardsWebApp
from pytest_kubeflow.webapps.access import ServerAccess


@dataclass(frozen=True)
class TensorboardAccess(ServerAccess):
    """Of one namespace."""

    @cached_property
    def app(self) -> TensorboardsWebApp:
        """The web app, as us."""
        return TensorboardsWebApp(self.cluster.gateway_url, self.session)
