"""The harness itself: the control plane answers, restarts, and ends with who started it."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
from pathlib import Path

from pytest_kubeflow.k8s.client import KubernetesClient
from tests.real.controlplane import ControlPlane
from tests.real.programs import kubernetes_version


def test_the_api_server_is_the_pinned_one(control_plane: ControlPlane) -> None:
    client = KubernetesClient(control_plane.admin)
    assert client.version.get_code().git_version == f"v{kubernetes_version()}"


def test_the_programs_end_with_a_killed_session(programs: Path, tmp_path: Path) -> None:
    script = (
        "import sys, os, signal; from pathlib import Path\n"
        "from tests.real.controlplane import ControlPlane\n"
        "pid = ControlPlane(Path(sys.argv[1]), Path(sys.argv[2])).start_etcd()\n"
        "print(pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, programs, tmp_path],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    with contextlib.suppress(ProcessLookupError):
        process = os.pidfd_open(int(done.stdout))
        ended, _, _ = select.select([process], [], [], 60)
        os.close(process)
        assert ended
