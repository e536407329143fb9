"""VolumeCreator: makes claims by the volumes web app, remembers them, removes them."""

from __future__ import annotations

from pytest_kubeflow.deletion import in_turn
from pytest_kubeflow.k8s.sessions.made import MADE
from pytest_kubeflow.k8s.storage import require_storage_class
from pytest_kubeflow.volumes.access import VolumesAccess
from pytest_kubeflow.volumes.volume import AppVolume


class VolumeCreator:
    """Makes claims as a person does: `made = app_volume()`. `volumes` are those that it made."""

    def __init__(self, access: VolumesAccess) -> None:
        self._access = access
        self.volumes: list[AppVolume] = []

    def __call__(
        self,
        *,
        name: str | None = None,
        size: str | None = None,
        storage_class: str | None = None,
        access_mode: str = "ReadWriteOnce",
    ) -> AppVolume:
        """Make one; size and class are those of --kf-volume-size and --kf-storage-class if none.

        Raises VolumeError where the name is taken or something is refused, ConfigurationError for
        a storage class that does not exist.
        """
        cluster, namespace = self._access.cluster, self._access.namespace
        settings = cluster.config.kubernetes
        storage_class = storage_class or settings.storage_class
        require_storage_class(cluster.kubernetes, storage_class)
        name = name or cluster.ownership.name("volume")
        self._access.app.create(
            namespace,
            name,
            size=size or settings.volume_size,
            mode=access_mode,
            storage_class=storage_class,
        )
        MADE.add("persistentvolumeclaim")
        made = AppVolume(self._access, name)
        made.label(cluster.ownership.labels())
        self.volumes.append(made)
        return made

    def close(self) -> None:
        """Remove them with their viewers, newest first; the first error is raised."""
        in_turn([*(one.remove for one in reversed(self.volumes)), self.volumes.clear])
