import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import pytest_kubeflow

SCENARIOS = Path(__file__).with_name("scenarios.py")
REPOSITORY = Path(pytest_kubeflow.__file__).parents[1]
NOBODY = 65534


@dataclass(frozen=True)
class User:
    """Runs scenarios as one user, in a directory of that user."""

    directory: Path
    prefix: list[str]
    python: str

    def command(self, *arguments: str) -> list[str]:
        return [*self.prefix, self.python, str(SCENARIOS), *arguments]

    def run(self, scenario: str) -> dict[str, Any]:
        done = subprocess.run(
            self.command(scenario, str(self.directory)),
            env=self.environment(),
            cwd="/",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def environment(self) -> dict[str, str]:
        return {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(REPOSITORY)}


@pytest.fixture(params=["root", "ordinary"])
def user(request: pytest.FixtureRequest) -> Iterator[User]:
    # Not below tmp_path, which only the user who runs pytest can reach.
    directory = Path(tempfile.mkdtemp(prefix="spawner-test-"))
    try:
        if request.param == "root":
            if os.getuid() != 0:
                pytest.skip("needs root")
            yield User(directory, [], sys.executable)
        elif os.getuid() != 0:
            yield User(directory, [], sys.executable)
        else:
            prefix = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
            os.chown(directory, NOBODY, NOBODY)
            yield User(directory, prefix, _python_for(prefix))
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _python_for(prefix: list[str]) -> str:
    """A Python that an ordinary user can run, and from which this checkout can be read."""
    for python in (sys.executable, "/usr/local/bin/python3", "/usr/bin/python3"):
        check = (
            "import os, sys; assert sys.version_info >= (3, 11) and os.access(sys.executable, 1); "
            f"open({str(SCENARIOS)!r})"
        )
        if (
            subprocess.run(
                [*prefix, python, "-c", check], capture_output=True, check=False
            ).returncode
            == 0
        ):
            return python
    pytest.skip("no Python 3.11 that an ordinary user can run beside this checkout")
