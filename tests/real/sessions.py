"""Sessions of pytest with the acceptance suites, as a user has them."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree
from pathlib import Path
from types import TracebackType
from typing import Self

from pytest_kubeflow.local.endpoints import Endpoints

_ROOT = Path(__file__).parents[2]


class SuiteSession:
    """A session that runs in a process of its own; reports and output are in `folder`.

    What is not waited for ends with the `with` block.
    """

    def __init__(
        self, where: Endpoints, folder: Path, *arguments: str, kubeconfig: Path | None = None
    ) -> None:
        self._report = folder / "junit.xml"
        self._output = folder / "output.txt"
        password = {"KF_PASSWORD": str(where.password)}
        registry = []
        if where.registry is not None:
            password["KF_REGISTRY_PASSWORD"] = where.registry.password
            registry.append(f"--kf-registry={where.registry.address}")
            registry.append(f"--kf-registry-username={where.registry.username}")
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist"),
                    "--kf-accept=model-registry-open",
                    *(arguments or ("suites",)),
                    f"--kf-host={where.host}",
                    f"--kf-username={where.username}",
                    f"--kf-kubeconfig={kubeconfig or where.kubeconfig}",
                    f"--kf-s3-endpoint={where.s3_endpoint}",
                    # As on the embedded cluster, where schedules are of seconds.
                    *("--kf-slow", "--kf-recurring-period=2s"),
                    *registry,
                    f"--junit-xml={self._report}",
                ],
                cwd=_ROOT,
                env={**os.environ, **password},
                stdout=output,
                stderr=output,
            )

    def ends_within(self, seconds: float) -> bool:
        """Wait for its end for as long."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    @property
    def output(self) -> str:
        """What it has written so far."""
        return self._output.read_text(errors="replace")

    def counts(self) -> dict[str, int]:
        """Wait for its end; how many of the tests ended in which way.

        It raises AssertionError with the session's output if one of them failed.
        """
        code = self._process.wait()
        assert code == 0, self.output[-8000:]
        # For the log of whoever runs this: how many did not run, and why.
        sys.stdout.write(self.output[-3000:])
        suite = xml.etree.ElementTree.parse(self._report).getroot().find("testsuite")  # noqa: S314 (our own)
        assert suite is not None
        return {name: int(suite.get(name, "0")) for name in ("tests", "skipped")}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait()


def run_suites(
    where: Endpoints, folder: Path, *arguments: str, kubeconfig: Path | None = None
) -> dict[str, int]:
    """Run the acceptance suites; returns `SuiteSession.counts`."""
    with SuiteSession(where, folder, *arguments, kubeconfig=kubeconfig) as session:
        return session.counts()
