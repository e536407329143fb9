"""Collectors: what containers of the collectors' images do.

Words and order: kubeflow/katib v0.19.0, cmd/metricscollector/v1beta1 and
pkg/metricscollector/v1beta1/common/pns.go. The first process of a container is number 1 here, as
containers of this node do not share processes.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pytest_kubeflow.local.katib.collector import files
from pytest_kubeflow.local.katib.collector.arguments import Arguments, parse
from pytest_kubeflow.local.katib.collector.parsing import PARSERS, CollectError, compiled
from pytest_kubeflow.local.katib.collector.stopping import StopRule, StopRules
from pytest_kubeflow.local.katib.collector.tfevents import read_events
from pytest_kubeflow.local.katib.messages import DB_MANAGER, EARLY_STOPPING, new
from pytest_kubeflow.local.katib.observations import MetricLog
from pytest_kubeflow.local.katib.rpc import CallError, Channels
from pytest_kubeflow.local.kubelet.images.hosted import HostedContainer, Neighbour

_FATAL = 255  # klog.Fatalf's exit code
_MARK = "1.pid"
_POLL_SECONDS = 0.1
_STOP_SECONDS = 60.0
_REPORT_SECONDS, _PAUSE_SECONDS = 5.0, 0.5
_CHUNK = 1 << 20
LONGEST_LINE = 64 << 20
"""Bytes of a line that are read at once; a longer one counts as several."""

_STOP_CHILD = """
found=
for file in /proc/[0-9]*/status; do
  while read -r key value rest; do
    case $key in Pid:) pid=$value;; PPid:) [ "$value" = 1 ] && found="$found $pid";; esac
  done < "$file"
done 2>/dev/null
set -- $found
[ $# -eq 1 ] || { echo "Multiple children processes are not supported. Children processes: [$*]"
exit 1; }
kill -TERM "$1"
"""


class FileCollector:
    """StdOut and File: the metrics are lines of a file."""

    def __init__(self, channels: Channels) -> None:
        self._channels = channels

    async def __call__(self, container: HostedContainer) -> int:
        """Collect until the primary container has ended; the exit code."""
        output = _Output(container)
        try:
            arguments = parse(container.arguments)
            await output.info("main.go:400", f"Trial Name: {arguments.trial}")
            primary = _primary(container)
            directory = container.path_of(os.path.dirname(arguments.path))
            if not await self._follow(directory, arguments, primary, output):
                _check_mark(directory, os.path.dirname(arguments.path))
                await self._collect(directory, arguments, output)
        except (CollectError, CallError, OSError) as error:
            await output.fatal(str(error))
            return _FATAL
        return 0

    async def _follow(
        self, directory: Path, arguments: Arguments, primary: Neighbour, output: _Output
    ) -> bool:
        """Show the file's lines until the primary container ends; whether it was stopped early."""
        rules = _rules(arguments)
        place = "main.go:143" if rules is None else "main.go:183"
        async for lines in _lines(directory, os.path.basename(arguments.path), primary):
            await output.info(place, *lines)
            if rules is not None and any(rules.reached(line) for line in lines):
                await output.info("main.go:265", "Training container is early stopped")
                await self._stop(directory, arguments, primary, output)
                return True
        return False

    async def _collect(self, directory: Path, arguments: Arguments, output: _Output) -> None:
        """Report all that the file has."""
        # In a thread: it may be much, and a filter of one's own may take long.
        found, parts = await asyncio.to_thread(read_metrics, directory, arguments)
        if parts:
            await output.warning(
                "main.go:434",
                f"{arguments.path} has lines of more than {LONGEST_LINE} bytes, which are read in "
                "parts of that size: a metric that is in two parts is not found",
            )
        await _report(self._channels, arguments, found, output)

    async def _stop(
        self, directory: Path, arguments: Arguments, primary: Neighbour, output: _Output
    ) -> None:
        files.write(directory, _MARK, "early-stopped")
        code, answer = await primary.execute(["sh", "-c", _STOP_CHILD], _STOP_SECONDS)
        if code != 0:
            raise CollectError(answer.strip() or "Unable to terminate child process")
        await self._collect(directory, arguments, output)
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await primary.ended()
        except TimeoutError:
            message = f"Main process has not ended after {_STOP_SECONDS:g} s"
            await output.info("main.go:300", message)
        await self._channels.call(
            arguments.stopping_endpoint,
            EARLY_STOPPING,
            "SetTrialStatus",
            new("SetTrialStatusRequest", trial_name=arguments.trial),
        )
        await output.info("main.go:325", "Trial status is successfully updated")


class EventCollector:
    """TensorFlowEvent: the metrics are scalars in files of events."""

    def __init__(self, channels: Channels) -> None:
        self._channels = channels

    async def __call__(self, container: HostedContainer) -> int:
        """Collect once the primary container has ended; the exit code."""
        output = _Output(container)
        try:
            arguments = parse(container.arguments)
            await _primary(container).ended()
            directory = container.path_of(arguments.path)
            _check_mark(directory, arguments.path)
            found = await asyncio.to_thread(
                read_events, directory, arguments.path, arguments.metrics
            )
            message = f"In {arguments.trial} {len(found)} metrics will be reported."
            await output.info("main.py:75", message)
            await _report(self._channels, arguments, found, output)
        except (CollectError, CallError, OSError) as error:
            await output.fatal(str(error))
            return 1
        return 0


class _Output:
    """Lines as klog writes them."""

    def __init__(self, container: HostedContainer) -> None:
        self._container = container

    async def info(self, place: str, *lines: str) -> None:
        await self._write("I", place, lines)

    async def warning(self, place: str, line: str) -> None:
        await self._write("W", place, (line,))

    async def fatal(self, line: str) -> None:
        await self._write("F", "main.go:457", (line,))

    async def _write(self, level: str, place: str, lines: Sequence[str]) -> None:
        moment = datetime.fromtimestamp(time.time(), UTC)
        head = f"{level}{moment:%m%d %H:%M:%S.%f}       1 {place}]"
        await self._container.write("".join(f"{head} {line}\n" for line in lines))


def _primary(container: HostedContainer) -> Neighbour:
    """The container whose command tells that it has ended. Raises CollectError."""
    for name, spec in container.others.items():
        if any("echo completed > " in one for one in spec.get("args") or ()):
            return container.neighbour(name)
    raise CollectError("unable to find main pid from the process list []")


def _rules(arguments: Arguments) -> StopRules | None:
    if not arguments.stop_rules:
        return None
    return StopRules(
        [StopRule.parse(one) for one in arguments.stop_rules],
        objective=arguments.metrics[0],
        maximize=arguments.maximize,
        patterns=compiled(arguments.filters) if arguments.format == "TEXT" else None,
    )


async def _lines(directory: Path, name: str, primary: Neighbour) -> AsyncIterator[list[str]]:
    """The lines of a file that is being written, until `primary` has ended and all are read."""
    ending = asyncio.ensure_future(primary.ended())
    rest, place = b"", 0
    try:
        while True:
            is_last = ending.done()
            data = await asyncio.to_thread(_read, directory, name, place)
            place += len(data)
            *lines, rest = (rest + data).split(b"\n")
            if len(rest) >= LONGEST_LINE:
                lines, rest = [*lines, rest], b""
            if lines:
                yield [line.decode(errors="replace") for line in lines]
            if not data:
                if is_last:
                    break
                await asyncio.wait({ending}, timeout=_POLL_SECONDS)
        if rest:
            yield [rest.decode(errors="replace")]
    finally:
        ending.cancel()


def _read(directory: Path, name: str, place: int) -> bytes:
    try:
        return files.read(directory, name, place=place, limit=_CHUNK)
    except FileNotFoundError:
        return b""


def _check_mark(directory: Path, shown: str) -> None:
    """Whether the primary container has done all of its command. Raises CollectError."""
    try:
        content = files.read(directory, _MARK, limit=_CHUNK).decode(errors="replace").strip()
    except OSError as error:
        message = (error.strerror or "").lower()
        raise CollectError(
            "Failed to wait for worker container: training container is failed. Unable to read "
            f"file {shown}/{_MARK} for pid 1, error: open {shown}/{_MARK}: {message}"
        ) from None
    if content != "completed":
        raise CollectError(
            "Failed to wait for worker container: unable to find marker: completed in file: "
            f"{shown}/{_MARK} with contents: {content} for pid: 1"
        )


def read_metrics(directory: Path, arguments: Arguments) -> tuple[list[MetricLog], int]:
    """What a file has of the metrics, and how many parts of lines were as long as one may be.

    Its lines are read one after the other: a file may be larger than the memory that is to be
    taken. Raises CollectError.
    """
    parser = PARSERS.get(arguments.format)
    if parser is None:
        raise CollectError("Failed to collect logs: format must be set TEXT or JSON")
    parts = 0

    def lines() -> Iterator[str]:
        nonlocal parts
        for line in files.lines(directory, os.path.basename(arguments.path), longest=LONGEST_LINE):
            parts += len(line) == LONGEST_LINE
            yield line.decode(errors="replace")

    try:
        return parser(lines(), arguments.metrics, arguments.filters), parts
    except OSError as error:
        message = (error.strerror or "").lower()
        raise CollectError(
            f"Failed to collect logs: failed to open the file: open {arguments.path}: {message}"
        ) from None


async def _call_patiently(channels: Channels, endpoint: str, request: object) -> None:
    """Report, for some seconds again and again where nobody answers. Raises CallError."""
    ends = time.monotonic() + _REPORT_SECONDS
    while True:
        try:
            await channels.call(endpoint, DB_MANAGER, "ReportObservationLog", request)
        except CallError as error:
            if error.code != "UNAVAILABLE" or time.monotonic() > ends:
                raise
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            return


async def _report(
    channels: Channels, arguments: Arguments, found: Sequence[MetricLog], output: _Output
) -> None:
    logs = [
        new("MetricLog", time_stamp=one.time, metric=new("Metric", name=one.name, value=one.value))
        for one in found
    ]
    request = new(
        "ReportObservationLogRequest",
        trial_name=arguments.trial,
        observation_log=new("ObservationLog", metric_logs=logs),
    )
    try:
        await _call_patiently(channels, arguments.endpoint, request)
    except CallError as error:
        raise CollectError(f"Failed to Report logs: {error}") from None
    shown = "  ".join(_shown(one) for one in found)
    await output.info("main.go:459", f"Metrics reported. :\n{shown}")


def _shown(log: MetricLog) -> str:
    metric = f'name:"{log.name}"  value:"{log.value}"'
    return f'metric_logs:{{time_stamp:"{log.time}"  metric:{{{metric}}}}}'
