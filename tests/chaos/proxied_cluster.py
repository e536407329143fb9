"""ProxiedCluster: a cluster whose every address leads through a ChaosProxy, and its sessions."""

from __future__ import annotations

import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from pytest_kubeflow.local.endpoints import Endpoints
from tests.chaos.exchange import KUBERNETES
from tests.chaos.proxy import ChaosProxy

ROOT = Path(__file__).parents[2]
GATEWAY, STORE = "gateway", "store"
_OUTCOME = re.compile(r"^(PASSED|FAILED|ERROR|SKIPPED) (?:suites/)?(\S+::\S+)", re.MULTILINE)
_CLEAR = ("KF_", "PYTEST_", "KUBECONFIG", "KUBERNETES_", "HTTP_PROXY", "HTTPS_PROXY")


@dataclass(frozen=True)
class Outcome:
    """How a session ended: tests by their outcomes, and what it printed. `code` None: it hung."""

    code: int | None
    tests: dict[str, str]
    output: str
    seconds: float

    @property
    def red(self) -> list[str]:
        """Tests that did not pass and were not skipped."""
        return [test for test, one in self.tests.items() if one in {"FAILED", "ERROR"}]

    def summary_of(self, test: str) -> str:
        """The line of the summary about a test."""
        line = rf"^(?:FAILED|ERROR) (?:suites/)?{re.escape(test)}.*"
        found = re.search(line, self.output, re.MULTILINE)
        return found[0] if found else ""

    def report_of(self, test: str) -> str:
        """What pytest tells of a red test: its section, and the line of the summary."""
        name = test.rpartition("::")[2]
        heading = re.compile(rf"_+ (?:ERROR at \w+ of )?{re.escape(name)} _+")
        report: list[str] = []
        inside = False
        for line in self.output.splitlines():
            if line.startswith(("___", "===")):
                inside = heading.fullmatch(line.strip()) is not None
            elif inside:
                report.append(line)
        return "\n".join([*report, self.summary_of(test)])


@dataclass(frozen=True)
class ProxiedCluster:
    """Options and environment of sessions that go through the proxy."""

    proxy: ChaosProxy
    options: tuple[str, ...]
    environment: dict[str, str]

    @classmethod
    def through(cls, proxy: ChaosProxy, where: Endpoints, folder: Path) -> ProxiedCluster:
        """To the cluster there; `folder` gets a kubeconfig."""
        config = yaml.safe_load(where.kubeconfig.read_text())
        cluster = config["clusters"][0]["cluster"]
        tls = ssl.create_default_context(cafile=cluster["certificate-authority"])
        url = proxy.listen(KUBERNETES, cluster["server"], tls)
        config["clusters"][0]["cluster"] = {"server": url}
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_text(json.dumps(config))
        host = proxy.listen(GATEWAY, where.host)
        options = [
            f"--kf-host={host}",
            f"--kf-kubeconfig={kubeconfig}",
            f"--kf-s3-endpoint={proxy.listen(STORE, where.s3_endpoint)}",
        ]
        environment = {}
        if where.username is not None:
            options.append(f"--kf-username={where.username}")
            environment["KF_PASSWORD"] = where.password or ""
        else:
            options.append("--kf-auth=anonymous")
        return cls(proxy, tuple(options), environment)

    def session(self, tests: Sequence[str], *more: str, seconds: float = 300) -> Outcome:
        """Run these tests of the suites, for so long at most; `more` are options."""
        began = time.monotonic()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_CLEAR)}
        with subprocess.Popen(
            [
                *(sys.executable, "-u", "-m", "pytest", "-p", "no:cacheprovider", "-rA"),
                *("--tb=short", "-vv", *self.options, *more),
                *(f"suites/{test}" for test in tests),
            ],
            cwd=ROOT,
            env={**kept, "COLUMNS": "400", **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as running:
            code: int | None = None
            try:
                output, _ = running.communicate(timeout=seconds)
                code = running.returncode
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, signal.SIGABRT)
                output, _ = running.communicate()
        found = _OUTCOME.findall(output.rpartition("short test summary info")[2])
        return Outcome(code, {test: one for one, test in found}, output, time.monotonic() - began)
