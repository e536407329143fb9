"""VolumesAccess: what claims, their viewers and the web app for both are asked with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from pytest_kubeflow.k8s.volumes.volume import Volumes
from pytest_kubeflow.volumes.webapp import VolumesWebApp
from pytest_kubeflow.webapps.access import ServerAccess


@dataclass(frozen=True, kw_only=True)
class VolumesAccess(ServerAccess):
    """Of one namespace. `by_pods` reads and writes claims by helper pods."""

    by_pods: Volumes

    @cached_property
    def app(self) -> VolumesWebApp:
        """The web app, as us."""
        return VolumesWebApp(self.cluster.gateway_url, self.session)
