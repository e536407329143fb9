"""Outputs: what a cell wrote and returned, with a bound on how much of it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_kubeflow.errors import Evidence
from pytest_kubeflow.plain_text import plain

KEPT = 1_000_000
"""Characters of one stream that are kept: half from its beginning, half from its end."""

_SHOWN = 10_000
_TEXT = "text/plain"
_DATA_RATE = "IOPub data rate exceeded"
_MESSAGE_RATE = "IOPub message rate exceeded"


@dataclass(slots=True)
class BoundedText:
    """Text that grows, and of which the beginning and the end are kept."""

    kept: int = KEPT
    _first: str = ""
    _last: str = ""
    left_out: int = 0
    """Characters between them that are gone."""

    def add(self, text: str) -> None:
        """More of it."""
        half = self.kept // 2
        room = half - len(self._first)
        if room > 0:
            self._first += text[:room]
            text = text[room:]
        if not text:
            return
        self._last += text
        if len(self._last) > half:
            self.left_out += len(self._last) - half
            self._last = self._last[-half:]

    def __str__(self) -> str:
        if not self.left_out:
            return self._first + self._last
        return f"{self._first}\n... {self.left_out} characters left out ...\n{self._last}"


@dataclass(frozen=True, slots=True)
class Outputs:
    """What one cell gave: its streams, its result, and all that it displayed."""

    stdout: str = ""
    stderr: str = ""

    result: str = ""
    """The value of its last expression, as text; empty where there is none."""

    displays: tuple[Mapping[str, Any], ...] = ()
    """What it displayed, the result too: values by MIME type."""

    count: int | None = None
    """The number of the execution in its kernel."""

    left_out: int = 0
    """Characters of the streams that were not kept."""

    reconnected: int = 0
    """How often the websocket was cut and opened again while it ran."""

    @property
    def text(self) -> str:
        """What it wrote to stdout, and its result, as one would read them below the cell."""
        return "\n".join(part for part in (self.stdout.rstrip("\n"), self.result) if part)

    @property
    def cut_by_server(self) -> bool:
        """Whether the Jupyter server has withheld output that came too fast."""
        return _DATA_RATE in self.stderr or _MESSAGE_RATE in self.stderr

    def __str__(self) -> str:
        return self.text


@dataclass(slots=True)
class Collected:
    """The outputs of a cell while they arrive. `error` is what it raised, in Jupyter's form."""

    stdout: BoundedText = field(default_factory=BoundedText)
    stderr: BoundedText = field(default_factory=BoundedText)
    result: str = ""
    displays: list[Mapping[str, Any]] = field(default_factory=list)
    error: Mapping[str, Any] | None = None
    reply: Mapping[str, Any] | None = None
    began: bool = False
    ended: bool = False
    reconnected: int = 0

    def take(self, kind: str, content: Mapping[str, Any]) -> None:
        """One message about this cell; kinds that say nothing of outputs change nothing."""
        if kind == "status":
            self.ended = self.ended or content.get("execution_state") == "idle"
        elif kind == "execute_input":
            self.began = True
        elif kind == "execute_reply":
            self.reply = content
        elif kind == "stream":
            stream = self.stderr if content.get("name") == "stderr" else self.stdout
            stream.add(str(content.get("text", "")))
        elif kind == "error":
            self.error = content
        elif kind in {"execute_result", "display_data"}:
            self._display(content.get("data") or {}, is_result=kind == "execute_result")

    def _display(self, data: Mapping[str, Any], *, is_result: bool) -> None:
        bounded = {kind: _bounded(value) for kind, value in data.items()}
        self.displays.append(bounded)
        if is_result:
            self.result = str(bounded.get(_TEXT, ""))

    @property
    def is_whole(self) -> bool:
        """Whether the kernel has said that it is done, and all that it wrote has come."""
        return self.reply is not None and self.ended

    @property
    def failure(self) -> Mapping[str, Any] | None:
        """The error that the code raised, from whichever message tells it."""
        if self.error is not None:
            return self.error
        if self.reply is not None and self.reply.get("status") == "error":
            return self.reply
        return None

    def outputs(self) -> Outputs:
        """As far as they have come; what is missing of them is told where it would stand."""
        count = (self.reply or {}).get("execution_count")
        stdout, found = str(self.stdout), str(self.stderr)
        withheld = [one for one in (_DATA_RATE, _MESSAGE_RATE) if one in found]
        if withheld:
            stdout = f"{stdout}\n... withheld by the Jupyter server: {withheld[0]} ...\n"
        return Outputs(
            stdout=stdout,
            stderr=str(self.stderr),
            result=self.result,
            displays=tuple(self.displays),
            count=int(count) if isinstance(count, int) else None,
            left_out=self.stdout.left_out + self.stderr.left_out,
            reconnected=self.reconnected,
        )

    def evidence(self, title: str, code: str) -> Evidence:
        """For errors: the traceback, what it wrote, and the code."""
        evidence = Evidence(title)
        failure = self.failure
        if failure is not None:
            lines = failure.get("traceback") or []
            evidence = evidence.and_section("traceback", plain("\n".join(map(str, lines))))
        for heading, stream in (("stdout", self.stdout), ("stderr", self.stderr)):
            if text := str(stream):
                evidence = evidence.and_section(heading, text[-_SHOWN:])
        return evidence.and_section("code", code[:_SHOWN])


def _bounded(value: Any) -> Any:
    """A value of a display, if it is not too large to be kept."""
    if isinstance(value, str) and len(value) > KEPT:
        text = BoundedText()
        text.add(value)
        return str(text)
    return value
