"""Controllers, scheduler and kubelet of ours as programs, on an API server that has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.local.components import check, running
from tests.real.controlplane import ControlPlane


@pytest.mark.usefixtures("routable")
def test_programs_make_a_kubernetes_together(programs: Path, tmp_path: Path) -> None:
    directory = tmp_path / "control-plane"
    directory.mkdir()
    control_plane = ControlPlane(programs, directory)
    try:
        control_plane.start_etcd()
        control_plane.start_api()
        with running(control_plane.admin, tmp_path) as volumes:
            check(control_plane.admin, volumes)
    finally:
        control_plane.stop()
