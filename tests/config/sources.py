"""A table of options as the plugin's, given texts from anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pytest_kubeflow.config.loading import Sources, resolve
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.config.table import OPTIONS


def resolved(
    command_line: Mapping[str, str | Sequence[str]] | None = None,
    environment: Mapping[str, str] | None = None,
    ini: Mapping[str, object] | None = None,
    folder: Path = Path("/nowhere"),
    ini_folder: Path | None = None,
) -> KubeflowConfig:
    """What becomes of these texts."""
    return resolve(
        OPTIONS,
        Sources(
            command_line=command_line or {},
            environment=environment or {},
            ini=ini or {},
            folder=folder,
            ini_folder=ini_folder or folder,
        ),
    )
