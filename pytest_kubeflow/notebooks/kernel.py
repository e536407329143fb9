"""Kernel: runs code in a notebook's kernel, each cell once, whatever happens to the websocket.

A cell that was sent when the websocket was cut may or may not have arrived. The kernel's own count
of executions tells: an empty, silent request on the new websocket is answered after all that was
sent before, with the number of the last execution.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from pytest_kubeflow.auth.websocket import HandshakeRefused
from pytest_kubeflow.errors import (
    AuthenticationError,
    ClusterUnreachable,
    Evidence,
    KubeflowError,
    NotFound,
    WaitTimeout,
)
from pytest_kubeflow.notebooks.channel import ChannelCut, KernelChannel, Message, Opener
from pytest_kubeflow.notebooks.errors import CellFailed, KernelDied
from pytest_kubeflow.notebooks.outputs import Collected, Outputs
from pytest_kubeflow.notebooks.server import JupyterServer
from pytest_kubeflow.plain_text import plain
from pytest_kubeflow.provenance import READ
from pytest_kubeflow.waiting import Deadline

START_SECONDS = 60.0
"""Until a new kernel responds for the first time."""

INTERRUPT_SECONDS = 10.0
"""Until code that was interrupted ends; then its kernel is shut down."""

_MOST_CUTS = 10
_LONGEST = 500
_SILENT = {"code": "", "silent": True, "store_history": False, "allow_stdin": False}
_DEAD = frozenset({"restarting", "autorestarting", "dead"})


class Kernel:
    """One kernel of a notebook, and the websocket to it.

    `name` is for people: "notebook ns/name". `explain` tells of its pod, for errors.
    """

    def __init__(
        self,
        server: JupyterServer,
        opener: Opener,
        name: str,
        *,
        timeout: float,
        explain: Callable[[], Evidence | None] = lambda: None,
        spec: str | None = None,
    ) -> None:
        self._server = server
        self._name = name
        self._timeout = timeout
        self._explain = explain
        self.id = server.start_kernel(spec)
        self._channel = KernelChannel(f"{server.url}/api/kernels/{self.id}/channels", opener)
        self._count: int | None = None
        self._is_lost = True
        self.is_gone = False
        """Whether the server has no such kernel any more."""

    def __repr__(self) -> str:
        return f"Kernel({self.id} of {self._name})"

    def execute(self, code: str, *, timeout: float | None = None, check: bool = True) -> Outputs:
        """Run `code` and wait until it has ended; returns its outputs.

        Raises CellFailed with the traceback where it raises an error (not with `check=False`),
        KernelDied, WaitTimeout after it was interrupted at the deadline, AuthenticationError,
        ClusterUnreachable.
        """
        deadline = Deadline.after(self._timeout if timeout is None else timeout)
        if self._is_lost or self._count is None:
            self._connect(Deadline.after(max(START_SECONDS, deadline.seconds)))
            deadline = Deadline.after(deadline.seconds)
        # Unless it comes to its end, what the websocket still holds is not known.
        self._is_lost = True
        collected = _Cell(self, code, deadline).run()
        self._is_lost = False
        outputs = collected.outputs()
        self._count = outputs.count if outputs.count is not None else self._count
        failure = collected.failure
        if failure is not None and check:
            kind, words = str(failure.get("ename", "")), str(failure.get("evalue", ""))
            message = f"{kind}: {_on_one_line(words)}" if words else kind
            raise CellFailed(
                f"code in {self._name} failed: {message}",
                name=kind,
                evidence=collected.evidence(f"cell {outputs.count or ''} of {self._name}", code),
            )
        READ.note_all([outputs.stdout, outputs.result], f"cell {outputs.count} of {self._name}")
        return outputs

    def interrupt(self) -> None:
        """Interrupt what it runs."""
        self._server.interrupt(self.id)

    def disconnect(self) -> None:
        """Close the websocket; the kernel stays."""
        self._channel.close()
        self._is_lost = True

    def close(self) -> None:
        """Shut it down."""
        self.disconnect()
        self._server.delete_kernel(self.id)

    def _connect(self, deadline: Deadline) -> None:
        """Open the websocket, and learn how much the kernel has executed."""
        self._reopen(deadline)
        request = self._channel.send("execute_request", _SILENT)
        while True:
            try:
                message = self._channel.receive(deadline.remaining())
            except TimeoutError as error:
                raise WaitTimeout(
                    f"timed out after {deadline} waiting for a kernel of {self._name} to respond",
                    evidence=self._explain(),
                ) from error
            except ChannelCut:
                self._reopen(deadline)
                request = self._channel.send("execute_request", _SILENT)
                continue
            self._check_alive(message)
            if message.kind == "execute_reply" and message.parent == request:
                self._count = _number(message.content)
                self._is_lost = False
                return

    def _reopen(self, deadline: Deadline) -> None:
        try:
            self._channel.open(deadline)
        except HandshakeRefused as error:
            if error.status == 404:
                self._gone(error)
            raise ClusterUnreachable(
                f"the websocket to a kernel of {self._name} is refused: {error.message}",
                evidence=self._explain(),
            ) from error

    def _gone(self, error: Exception | None = None) -> NoReturn:
        self.is_gone = True
        raise KernelDied(
            f"the kernel of {self._name} is not there any more: its server was started anew, or "
            "somebody has shut it down; what it had in memory is gone",
            evidence=self._explain(),
        ) from error

    def _check_alive(self, message: Message) -> None:
        state = str(message.content.get("execution_state", ""))
        if message.kind == "status" and state in _DEAD:
            raise KernelDied(
                f"the kernel of {self._name} died ({state}) before the code had ended: it took "
                "more memory than its container has, or ended itself; what it had in memory is "
                "gone",
                evidence=self._explain(),
            )

    def _shut_down(self) -> None:
        self.is_gone = True
        with contextlib.suppress(KubeflowError):
            self.close()


class _Cell:
    """One execution of some code."""

    def __init__(self, kernel: Kernel, code: str, deadline: Deadline) -> None:
        self._kernel = kernel
        self._channel = kernel._channel
        self._code = code
        self._deadline = deadline
        self._collected = Collected()
        self._request = ""
        self._probe = ""
        self._cuts = 0

    def run(self) -> Collected:
        """Send it, and collect until it has ended."""
        self._send()
        while not self._collected.is_whole:
            message: Message | ChannelCut
            try:
                message = self._channel.receive(self._deadline.remaining())
            except TimeoutError:
                self._end_at_deadline()
            except ChannelCut as cut:
                message = cut
            if isinstance(message, ChannelCut):
                self._mend(message)
            else:
                self._take(message)
        if self._collected.reconnected and not self._collected.began:
            raise self._lost(_number(self._collected.reply or {}))
        return self._collected

    def _send(self) -> None:
        content = {
            "code": self._code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
        }
        try:
            self._request = self._channel.send("execute_request", content)
        except ChannelCut as cut:
            self._mend(cut)

    def _take(self, message: Message) -> None:
        self._kernel._check_alive(message)
        if message.parent == self._request:
            self._collected.take(message.kind, message.content)
        elif self._probe and message.parent == self._probe and message.kind == "execute_reply":
            self._probe = ""
            self._settle(_number(message.content))

    def _mend(self, cut: ChannelCut) -> None:
        """Open the websocket again, and ask the kernel what it has done meanwhile."""
        self._cuts += 1
        self._collected.reconnected += 1
        if self._cuts > _MOST_CUTS or self._deadline.expired:
            raise ClusterUnreachable(
                f"the websocket to {self._kernel._name} was cut {self._cuts} times while code "
                f"ran, the last time with: {cut}",
                evidence=self._evidence(),
            ) from cut
        try:
            self._kernel._reopen(self._deadline)
        except (AuthenticationError, ClusterUnreachable) as error:
            raise type(error)(
                f"the websocket to {self._kernel._name} was cut while code ran, and cannot be "
                f"opened again: {error.message}",
                evidence=self._evidence(),
            ) from error
        with contextlib.suppress(ChannelCut):  # which the next `receive` finds
            self._probe = self._channel.send("execute_request", _SILENT)

    def _settle(self, count: int | None) -> None:
        """The kernel has done all that it was sent before the websocket was cut."""
        collected = self._collected
        if collected.is_whole:
            return
        before = self._kernel._count or 0
        if count is not None and count < before:
            self._kernel._gone()
        if count == before and collected.reply is None:
            self._send()  # it has never arrived
            return
        raise self._lost(count)

    def _lost(self, count: int | None) -> CellFailed:
        return CellFailed(
            f"the websocket to {self._kernel._name} was cut while code ran: it has run, once "
            f"(execution {count}), and its outputs are lost",
            evidence=self._evidence(),
        )

    def _end_at_deadline(self) -> NoReturn:
        """Interrupt it. Raises WaitTimeout, when it has ended."""
        collected, kernel = self._collected, self._kernel
        interrupted = Deadline.after(INTERRUPT_SECONDS)
        message = "it was interrupted"
        try:
            kernel.interrupt()
            while not collected.is_whole:
                self._take(self._channel.receive(interrupted.remaining()))
        except (TimeoutError, ChannelCut):
            message = "it did not end when it was interrupted, and its kernel was shut down"
            kernel._shut_down()
        except NotFound:
            message = "its kernel is gone"
        except KernelDied:
            message = "its kernel died when it was interrupted"
        last = str(collected.stdout).rstrip().rpartition("\n")[2][-200:]
        raise WaitTimeout(
            f"timed out after {self._deadline} waiting for code in {kernel._name} to end; {message}"
            + (f"; it wrote last: {last}" if last else ""),
            state=last or "running",
            evidence=self._evidence(),
        )

    def _evidence(self) -> Evidence:
        return self._collected.evidence(f"code in {self._kernel._name}", self._code)


def _on_one_line(words: str) -> str:
    """The beginning of what an error says; all of it is in the traceback."""
    line = " ".join(plain(words).split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."


def _number(content: Mapping[str, Any]) -> int | None:
    found = content.get("execution_count")
    return int(found) if isinstance(found, int) else None
