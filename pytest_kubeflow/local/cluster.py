"""LocalKubeflow: an embedded Kubeflow in a process of its own, as a context manager."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from pytest_kubeflow.local.endpoints import Endpoints, Login
from pytest_kubeflow.local.settings import PASSWORD_VARIABLE, GatewaySettings
from pytest_kubeflow.local.training.release import DEFAULT

__all__ = ["Endpoints", "GatewaySettings", "LocalKubeflow", "LocalKubeflowError", "Login"]

_STOP_SECONDS = 20.0


class LocalKubeflowError(Exception):
    """The embedded cluster did not start; the message carries what it said."""


class LocalKubeflow:
    """Starts `python -m pytest_kubeflow.local` and stops it again.

    `faults` go wrong from the start, `gateway` says how one gets in and `password` with what, if
    not with that of the example installation (multi-user alone).
    With `kubeconfig` it joins the cluster to which that leads, where Workflows that people make are
    run if `workflows` is set. If it is `strict`, pipelines do no
    more than Kubeflow's own backend makes of them. `pod_network` is "own", "shared", or "auto":
    each pod has a network of its own where this machine allows it. `trainer` is the release of
    Trainer, "2.1" or "2.2"; a `training_operator` has PyTorchJobs, TFJobs and MPIJobs, too.
    The server ends when its standard input does, so it outlives this process by no more than the
    time that its own end takes, whatever becomes of this process.
    """

    def __init__(
        self,
        *,
        multi_user: bool = True,
        faults: Sequence[str] = (),
        gateway: GatewaySettings | None = None,
        password: str | None = None,
        data: Path | None = None,
        host_path: Path | None = None,
        kubeconfig: Path | None = None,
        workflows: bool = False,
        strict: bool = False,
        pod_network: str = "auto",
        trainer: str = DEFAULT,
        training_operator: bool = False,
        start_timeout: float = 60.0,
    ) -> None:
        self._arguments = ["--mode", "multi-user" if multi_user else "standalone"]
        for fault in faults:
            self._arguments += ["--fault", fault]
        self._arguments += (gateway or GatewaySettings()).arguments()
        if data is not None:
            self._arguments += ["--data", str(data)]
        if host_path is not None:
            self._arguments += ["--host-path", str(host_path)]
        if kubeconfig is not None:
            self._arguments += ["--kubeconfig", str(kubeconfig)]
        if workflows:
            self._arguments.append("--workflows")
        if strict:
            self._arguments.append("--strict")
        self._arguments += ["--pod-network", pod_network, "--trainer", trainer]
        if training_operator:
            self._arguments.append("--training-operator")
        self._environment = {} if password is None else {PASSWORD_VARIABLE: password}
        self._start_timeout = start_timeout
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None
        self._endpoints: Endpoints | None = None

    @property
    def endpoints(self) -> Endpoints:
        """Where the running cluster is. Raises LocalKubeflowError if it was not started."""
        if self._endpoints is None:
            raise LocalKubeflowError("the embedded cluster is not running: call start() first")
        return self._endpoints

    @property
    def pid(self) -> int | None:
        """The server's process; None while it does not run."""
        return self._process.pid if self._process is not None else None

    @property
    def log(self) -> str:
        """What it has said so far; "" while it does not run."""
        if self._log is None:
            return ""
        number = self._log.fileno()  # its place in the file is also that of the process
        return os.pread(number, os.fstat(number).st_size, 0).decode(errors="replace")

    def start(self) -> Endpoints:
        """Start the cluster and wait until Kubernetes and KFP answer (1 to 2 s)."""
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 closed by stop()
        reader, writer = os.pipe()
        try:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    *("-m", "pytest_kubeflow.local", "--ready-fd", str(writer)),
                    *self._arguments,
                ],
                stdin=subprocess.PIPE,
                stdout=self._log,
                stderr=self._log,
                pass_fds=[writer],
                env={**os.environ, **self._environment},
                # Ctrl-C is for the test session, which then stops the cluster in its own order.
                start_new_session=True,
            )
        finally:
            os.close(writer)
        with open(reader, "rb") as ready:
            answer = self._first_line(ready)
        if not answer:
            said = self._last_output()
            self.stop()
            raise LocalKubeflowError(f"the embedded cluster did not start: {said}")
        self._endpoints = Endpoints.from_json(answer.decode())
        return self._endpoints

    def _first_line(self, ready: IO[bytes]) -> bytes:
        readable, _, _ = select.select([ready], [], [], self._start_timeout)
        return ready.readline() if readable else b""

    def _last_output(self) -> str:
        text = self.log.strip()
        return text[-4000:] or f"no answer within {self._start_timeout:g} s"

    def stop(self) -> None:
        """Stop the cluster; returns when its processes, mounts and files are gone."""
        process, self._process, self._endpoints = self._process, None, None
        if process is not None:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)  # its spawner cleans up after it
                process.wait()
        if self._log is not None:
            self._log.close()
            self._log = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
