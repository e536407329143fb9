"""HostDirectories: what of its machine a node shows to pods."""

from __future__ import annotations

from pathlib import Path

from pytest_kubeflow.local.kubelet.containers.env import ConfigError


class HostDirectories:
    """`hostPath` volumes show what is in `shown` (None: nothing).

    Persistent volumes of the kind `local` show that too, and what is in `provisioned`, where a
    provisioner makes them.
    """

    def __init__(self, shown: Path | None = None, provisioned: Path | None = None) -> None:
        self._shown = shown
        self._provisioned = provisioned

    def check(self, path: Path, *, local: bool = False) -> None:
        """Raises ConfigError for a path that leads elsewhere, be it by symbolic links."""
        if local and _inside(path, self._provisioned):
            return
        if self._shown is None:
            raise ConfigError(
                f"{path} is not shown to pods: this node shows no directory of its machine "
                "(start the cluster with --host-path=DIRECTORY)"
            )
        if not _inside(path, self._shown):
            raise ConfigError(
                f"{path} is not shown to pods: this node shows nothing of its machine but what is "
                f"in {self._shown} (option --host-path)"
            )


def _inside(path: Path, directory: Path | None) -> bool:
    return directory is not None and path.resolve().is_relative_to(directory.resolve())
