"""Controllers, scheduler and kubelet of ours as programs, on an API server that has none."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.local.components import check, running
from tests.real.controlplane import ControlPlane

_PROGRAMS = ("controllers", "scheduler", "kubelet")
_SECONDS = 120.0


@pytest.mark.usefixtures("routable")
def test_programs_make_a_kubernetes_together_and_go_on_after_an_outage(
    programs: Path, tmp_path: Path
) -> None:
    directory = tmp_path / "control-plane"
    directory.mkdir()
    control_plane = ControlPlane(programs, directory)

    def wait_until_all_say(told: str) -> None:
        logs = [(tmp_path / f"{name}.log") for name in _PROGRAMS]
        ends = time.monotonic() + _SECONDS
        while not all(told in log.read_text() for log in logs):
            assert time.monotonic() < ends, told
            time.sleep(0.1)

    try:
        control_plane.start_etcd()
        control_plane.start_api()
        with running(control_plane.admin, tmp_path) as volumes:
            check(control_plane.admin, volumes)
            control_plane.stop_api(signal.SIGKILL)
            wait_until_all_say("WARNING the API server is away, and is waited for: ")
            control_plane.start_api()
            wait_until_all_say("WARNING the API server is back after ")
            check(control_plane.admin, volumes)
        for name in _PROGRAMS:
            assert (tmp_path / f"{name}.log").read_text().count("connection refused") == 1
    finally:
        control_plane.stop()
