"""A websocket that is cut while code runs: it is opened again, and nothing is run twice."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from pytest_kubeflow.errors import AuthenticationError, ClusterUnreachable
from pytest_kubeflow.notebooks.errors import CellFailed
from pytest_kubeflow.notebooks.kernel import Kernel
from pytest_kubeflow.notebooks.outputs import Outputs
from pytest_kubeflow.notebooks.server import JupyterServer
from pytest_kubeflow.waiting import Deadline, wait_until
from tests.notebooks.conftest import Jupyter, KernelMaker, session
from tests.notebooks.cutting_proxy import CuttingProxy

WAITING = """
import pathlib, time
with open('{runs}', 'a') as runs:
    runs.write('run\\n')
print('begun', flush=True)
while not pathlib.Path('{end}').exists():
    time.sleep(0.02)
print('ended')
6 * 7
"""


class Login:
    """A login with a cookie of its own, which can be renewed so often."""

    description = "a login"
    user = "user@example.com"

    def __init__(self, renewals: int) -> None:
        self._renewals = renewals
        self.number = 1

    def headers(self) -> Mapping[str, str]:
        return {"Cookie": f"session={self.number}"}

    def renew(self, _refused: Mapping[str, str], /) -> bool:
        if not self._renewals:
            return False
        self._renewals -= 1
        self.number += 1
        return True


class Running:
    """Code that runs in a thread, until `end` is called."""

    def __init__(self, kernel: Kernel, folder: Path) -> None:
        self.runs, self._end = folder / "runs", folder / "end"
        code = WAITING.format(runs=self.runs, end=self._end)
        self._outputs: list[Outputs | Exception] = []
        self._thread = threading.Thread(target=self._run, args=(kernel, code))
        self._thread.start()

    def _run(self, kernel: Kernel, code: str) -> None:
        try:
            self._outputs.append(kernel.execute(code))
        except Exception as error:  # noqa: BLE001  handed to the test
            self._outputs.append(error)

    def wait_begun(self) -> None:
        wait_until(self.runs.exists, bool, deadline=Deadline.after(60), what="the code to begin")

    @property
    def times(self) -> int:
        """How often it was run."""
        return len(self.runs.read_text().splitlines())

    def let_end(self) -> None:
        """The code need not go on."""
        self._end.touch()

    def end(self) -> Outputs | Exception:
        """Let it end, and give what came of it."""
        self.let_end()
        self._thread.join(60)
        return self._outputs[0]


def wait_for(server: JupyterServer, kernel: Kernel, key: str, value: object) -> None:
    """Wait until the server says so of a kernel."""
    wait_until(
        lambda: server.reply(f"/api/kernels/{kernel.id}").json,
        lambda told: told[key] == value,
        deadline=Deadline.after(60),
        what=f"the kernel's {key} to be {value}",
    )


def test_what_was_written_meanwhile_is_not_lost(
    make_kernel: KernelMaker, jupyter: Jupyter, proxy: CuttingProxy, tmp_path: Path
) -> None:
    kernel = make_kernel(proxy.port)
    kernel.execute("1")
    running = Running(kernel, tmp_path)
    running.wait_begun()
    server = JupyterServer(jupyter.url(), session())
    proxy.open.clear()
    proxy.cut()
    # What is written before Jupyter has seen that nobody is there any more is lost.
    wait_for(server, kernel, "connections", 0)
    running.let_end()
    wait_for(server, kernel, "execution_state", "idle")
    proxy.open.set()
    found = running.end()
    assert isinstance(found, Outputs), found
    assert (found.stdout, found.result) == ("begun\nended\n", "42")
    assert found.reconnected == 1
    assert running.times == 1
    assert kernel.execute("7").result == "7"


def test_a_cell_that_has_never_arrived_is_sent_again(
    make_kernel: KernelMaker, proxy: CuttingProxy, tmp_path: Path
) -> None:
    kernel = make_kernel(proxy.port)
    kernel.execute("1")
    proxy.swallows_requests = True
    running = Running(kernel, tmp_path)
    running._thread.join(0.5)
    assert not running.runs.exists()
    proxy.swallows_requests = False
    proxy.cut()
    running.wait_begun()
    found = running.end()
    assert isinstance(found, Outputs), found
    assert (found.text, running.times) == ("begun\nended\n42", 1)


def test_outputs_that_are_lost_are_told_and_the_cell_is_not_run_again(
    make_kernel: KernelMaker, jupyter: Jupyter, proxy: CuttingProxy, tmp_path: Path
) -> None:
    kernel = make_kernel(proxy.port)
    kernel.execute("1")
    proxy.swallows_responses = True
    running = Running(kernel, tmp_path)
    running.wait_begun()
    running.let_end()
    # The kernel has answered for all of it, and all of that was lost on the way.
    server = JupyterServer(jupyter.url(), session())
    wait_for(server, kernel, "execution_state", "idle")
    proxy.swallows_responses = False
    proxy.cut()
    found = running.end()
    assert isinstance(found, CellFailed), found
    assert "it has run, once (execution 2), and its outputs are lost" in found.message
    assert running.times == 1
    assert kernel.execute("7").result == "7"


def test_a_login_that_ends_meanwhile_is_renewed(
    make_kernel: KernelMaker, proxy: CuttingProxy, tmp_path: Path
) -> None:
    login = Login(renewals=1)
    kernel = make_kernel(proxy.port, login)
    kernel.execute("1")
    running = Running(kernel, tmp_path)
    running.wait_begun()
    proxy.lets_in = lambda head: b"session=2" in head
    proxy.cut()
    found = running.end()
    assert isinstance(found, Outputs), found
    assert (found.text, running.times, login.number) == ("begun\nended\n42", 1, 2)


def test_a_login_that_has_ended_for_good_is_one_line(
    make_kernel: KernelMaker, proxy: CuttingProxy, tmp_path: Path
) -> None:
    kernel = make_kernel(proxy.port, Login(renewals=0))
    kernel.execute("1")
    running = Running(kernel, tmp_path)
    running.wait_begun()
    proxy.lets_in = lambda _head: False
    proxy.cut()
    found = running.end()
    assert isinstance(found, AuthenticationError), found
    assert "cannot be opened again" in found.message
    assert "the login has ended" in found.message
    assert "\n" not in found.message
    proxy.lets_in = lambda _head: True


def test_a_gateway_that_is_gone_is_one_line(
    make_kernel: KernelMaker, jupyter: Jupyter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_kubeflow.auth.retries.MAX_OUTAGE", 0.5)
    with CuttingProxy(jupyter.port) as proxy:
        kernel = make_kernel(proxy.port)
        kernel.execute("1")
        running = Running(kernel, tmp_path)
        running.wait_begun()
    found = running.end()
    assert isinstance(found, ClusterUnreachable), found
    assert "was cut while code ran, and cannot be opened again: nothing listens" in found.message
    # Its kernel is ended past the proxy.
    kernel._server.url = jupyter.url()
