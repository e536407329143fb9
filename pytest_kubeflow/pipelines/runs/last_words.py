"""What a log says at its end, without the lines of those around the component.

In the log of a task's container, KFP's launcher speaks before and after the component, in the form
of Go's glog (`I1128 23:50:40.123456 12 launcher_v2.go:206] ...`), with JSON that goes on over
several lines at times; Argo's executor writes the very last ones (`time="..." ... argo=true`,
`Error: exit status 1`); and the SDK tells what it loads (`[KFP Executor ... INFO]: ...`).
Sources: kubeflow/pipelines backend/src/v2/component/launcher_v2.go and sdk/python/kfp/dsl; argo
cmd/argoexec/commands/emissary.go.
"""

from __future__ import annotations

import json
import re
from itertools import dropwhile

_GLOG = re.compile(r"[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+\s+\d+ [\w./-]+(?::\d+)?\] ?(?P<text>.*)")
_ARGO = re.compile(r'time="?\d{4}-\d\d-\d\dT\S+ level=.*\bargo=true\b.*')
_ARGO_EXIT = re.compile(r"Error: (?:exit status \d+|signal: .*)")
_SDK = re.compile(r"\[KFP Executor \S+ \S+ (?:DEBUG|INFO)\]:.*")
_EXIT_STATUS = re.compile(r"\bexit status (\d+)\b")
_SIGNAL = re.compile(r"\bsignal: ([\w ]+)")
_FAILED = "Component failed to execute successfully", "failed to execute component"
_LAUNCHER_FAILED = re.compile(r"failed to execute (?:importer )?component\b")
_TRACEBACK = re.compile(r"Traceback \(most recent call last\):")
_IS_FRAME = re.compile(r"\s")
_RAISED = re.compile(r"[A-Za-z_][\w.]*(?::|$)")
DRIVER = "KFP driver:"
"""How the reason of a driver that failed begins."""

_ARGUMENTS = re.compile(r"(driver\.\w+)\(.*?\) failed: ")


def component_words(log: str) -> str:
    """What the component itself printed."""
    kept: list[str] = []
    before, at = "", 0
    while at < len(log):
        end = log.find("\n", at)
        end = len(log) if end < 0 else end
        line = log[at:end].rstrip("\r")
        if _GLOG.fullmatch(line):
            end = _end_of_json(log, end - 1, end)
        elif _SDK.fullmatch(line):
            end = _end_of_json(log, end + 1, end)
        elif not (
            _ARGO.fullmatch(line) or (_ARGO_EXIT.fullmatch(line) and _ARGO.fullmatch(before))
        ):
            kept.append(line)
        before, at = line, end + 1
    return "\n".join(kept).strip("\n")


def _end_of_json(log: str, start: int, end: int) -> int:
    """Where a line ends that is followed by JSON of several lines, from `start` on; else `end`."""
    if log[start : start + 1] not in {"{", "["}:
        return end
    try:
        _, after = json.JSONDecoder().raw_decode(log, start)
    except ValueError:
        return end  # it is cut, or none
    following = log.find("\n", after)
    return len(log) if following < 0 else following


def last_words(words: str, lines: int) -> str:
    """The last of what a component printed, on one line: of a Python traceback what was raised."""
    kept = [line.rstrip() for line in words.splitlines() if line.strip()]
    begins = [at for at, line in enumerate(kept) if _TRACEBACK.match(line)]
    if begins:
        raised = [*dropwhile(_IS_FRAME.match, kept[begins[-1] + 1 :])]
        # What else there is may be any component's log of an error that it has handled.
        if raised and _RAISED.match(raised[0]):
            return " | ".join(line.strip() for line in raised[:lines])
    return " | ".join(line.strip() for line in kept[-lines:])


def component_exit(log: str) -> str:
    """How the component ended, as the launcher has seen it: "exit code 3"; empty if not told.

    The launcher itself ends with 1, whatever the component ended with.
    """
    for line in reversed(log.splitlines()):
        spoken = _GLOG.fullmatch(line)
        if spoken is None or not any(one in spoken["text"] for one in _FAILED):
            continue
        if (status := _EXIT_STATUS.search(spoken["text"])) is not None:
            return f"exit code {status[1]}"
        if (signal := _SIGNAL.search(spoken["text"])) is not None:
            return f"signal: {signal[1].strip()}"
    return ""


def launcher_reason(log: str) -> str:
    """Why the launcher failed, where it was not the component that did; empty if not told."""
    for line in reversed(log.splitlines()):
        spoken = _GLOG.fullmatch(line)
        if spoken is not None and _LAUNCHER_FAILED.match(spoken["text"]):
            return str(spoken["text"])
    return ""


def driver_reason(log: str) -> str:
    """A driver's `KFP driver: driver.Container(...) failed: ...`; empty if it says none."""
    for line in reversed(log.splitlines()):
        at = line.find(DRIVER)
        if at >= 0:
            return _ARGUMENTS.sub(r"\1(...) failed: ", line[at:].strip())
    return ""
