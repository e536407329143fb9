"""Sessions of pytest with the acceptance suites, as a user has them."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree
from pathlib import Path

from pytest_kubeflow.local.endpoints import Endpoints

_ROOT = Path(__file__).parents[2]


def run_suites(
    where: Endpoints, folder: Path, *arguments: str, kubeconfig: Path | None = None
) -> dict[str, int]:
    """Run the acceptance suites as a user does; returns how many of the tests ended in which way.

    It raises AssertionError with the session's output if one of them failed.
    """
    report = folder / "junit.xml"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist"),
            *(arguments or ("suites",)),
            f"--kf-host={where.host}",
            f"--kf-username={where.username}",
            f"--kf-kubeconfig={kubeconfig or where.kubeconfig}",
            f"--kf-s3-endpoint={where.s3_endpoint}",
            f"--junit-xml={report}",
        ],
        cwd=_ROOT,
        env={**os.environ, "KF_PASSWORD": str(where.password)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    suite = xml.etree.ElementTree.parse(report).getroot().find("testsuite")  # noqa: S314 (our own)
    assert suite is not None
    counts = {name: int(suite.get(name, "0")) for name in ("tests", "skipped")}
    # For the log of whoever runs this: how many did not run, and why.
    sys.stdout.write(done.stdout[-3000:])
    return counts
