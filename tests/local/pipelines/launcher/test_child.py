"""The component's program as a child of the launcher: its end, and the signals to it.

A launcher is a process of its own here: its handlers and its standard streams are the process's.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_kubeflow.local.pipelines.settings import LAUNCHER_DIRECTORY

RUN = """
import sys
sys.path.insert(0, sys.argv[1])
from launcher import child
from launcher.errors import ComponentError
try:
    child.run(sys.argv[4:], copy=sys.argv[2] or None, until_closed=sys.argv[3] == "strict")
except ComponentError as error:
    sys.exit(str(error))
print("after")
"""


def start(*command: str, copy: str = "", how: str = "") -> subprocess.Popen[str]:
    """A process that runs `command` by `child.run` and prints why it failed, or `after`."""
    program = [sys.executable, "-IS", "-c", RUN, str(LAUNCHER_DIRECTORY.parent)]
    return subprocess.Popen(
        [*program, copy, how, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("command", "output", "error"),
    [
        (["echo", "hello"], "hello\nafter\n", ""),
        (["sh", "-c", "exit 7"], "", "exit status 7\n"),
        (["sh", "-c", "kill -9 $$"], "", "signal: killed\n"),
        (["sh", "-c", "kill -SEGV $$"], "", "signal: segmentation fault\n"),
        (["no-such-program"], "", 'exec: "no-such-program": executable file not found in $PATH\n'),
        (["/"], "", 'exec: "/": permission denied\n'),
    ],
)
def test_its_end_is_told_as_go_does(command: list[str], output: str, error: str) -> None:
    assert start(*command).communicate(timeout=20) == (output, error)


def test_its_streams_are_the_launchers() -> None:
    process = start("sh", "-c", 'read line; echo "got $line"; echo oops >&2')
    assert process.communicate("a line\n", timeout=20) == ("got a line\noops\nafter\n", "")


# What the component leaves behind, until it is told to end by a file.
LEFT = 'trap "" TERM; (while ! test -e "$1"; do sleep 0.02; done) & echo started'


def test_what_it_leaves_behind_does_not_keep_it(tmp_path: Path) -> None:
    process = start("sh", "-c", LEFT, "sh", str(tmp_path / "end"))
    assert process.wait(20) == 0
    (tmp_path / "end").touch()
    assert process.communicate(timeout=20) == ("started\nafter\n", "")


def test_strictly_what_it_leaves_behind_keeps_it(tmp_path: Path) -> None:
    """As the real launcher, it waits until nobody holds the component's output any more."""
    end = tmp_path / "end"
    process = start("sh", "-c", LEFT + "; echo last", "sh", str(end), how="strict")
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(2)] == ["started\n", "last\n"]
    assert process.poll() is None
    end.touch()
    assert process.communicate(timeout=20) == ("after\n", "")


def test_a_copy_of_the_output(tmp_path: Path) -> None:
    copy = tmp_path / "log"
    process = start("sh", "-c", "echo one; echo two >&2; exit 3", copy=str(copy))
    assert process.communicate(timeout=20) == ("one\ntwo\n", "exit status 3\n")
    assert copy.read_text() == "one\ntwo\n"


def test_without_a_place_for_its_copy_it_goes_on(tmp_path: Path) -> None:
    output, errors = start("echo", "hello", copy=str(tmp_path / "no" / "log")).communicate()
    assert output == "hello\nafter\n"
    assert "] Error creating logFilePath, " in errors


def test_who_is_told_to_end_is_not_kept_by_what_it_leaves(tmp_path: Path) -> None:
    script = 'sh -c "$1" & echo started; while :; do sleep 0.02; done'
    endless = f"trap '' TERM; while ! test -e {tmp_path}/end; do sleep 0.02; done"
    process = start("sh", "-c", script, "sh", endless)
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 1
    (tmp_path / "end").touch()
    assert process.communicate(timeout=20) == ("", "signal: terminated\n")


def test_much_output_comes_whole() -> None:
    process = start("sh", "-c", "head -c 50000000 /dev/zero | tr '\\0' x; echo; echo end >&2")
    output, errors = process.communicate(timeout=60)
    assert (len(output), output[-11:], errors) == (50_000_011, "\nend\nafter\n", "")


@pytest.fixture
def trapping() -> Iterator[subprocess.Popen[str]]:
    """A program that has a way of its own to end, and says when it is ready."""
    process = start(
        "sh", "-c", 'trap "echo told; exit 5" TERM; echo ready; while :; do sleep 0.05; done'
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.communicate()


def test_signals_go_on_to_it(trapping: subprocess.Popen[str]) -> None:
    trapping.send_signal(signal.SIGTERM)
    assert trapping.communicate(timeout=20) == ("told\n", "exit status 5\n")


def launch(executor_input: object, store: int) -> subprocess.Popen[str]:
    """The launcher itself, for a component that does nothing."""
    options = {
        "executor_input": json.dumps(executor_input),
        "component_spec": "{}",
        "object_store": f"http://127.0.0.1:{store}",
        "object_store_region": "us-east-1",
        "pipeline_root": "minio://bucket/root",
        "ml_pipeline_server_address": "127.0.0.1",
        "ml_pipeline_server_port": "1",
        "token_file": "/nowhere/token",
    }
    given = [word for name, value in options.items() for word in (f"--{name}", value)]
    return subprocess.Popen(
        [sys.executable, "-IS", str(LAUNCHER_DIRECTORY / "launch"), *given, "--", "true"],
        env={
            "KFP_STORE_ACCESS_KEY": "a",
            "KFP_STORE_SECRET_KEY": "s",
            "NAMESPACE": "n",
            "KFP_POD_NAME": "p",
        },
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_launcher_ends_while_there_is_no_component() -> None:
    """Here it waits for a store that takes its request for an input, and never answers."""
    artifact = {"name": "data", "uri": "minio://bucket/data"}
    executor_input = {
        "inputs": {"artifacts": {"data": {"artifacts": [artifact]}}},
        "outputs": {"outputFile": "/nowhere/output.json"},
    }
    with socket.create_server(("127.0.0.1", 0)) as store:
        process = launch(executor_input, store.getsockname()[1])
        try:
            connection, _ = store.accept()
            with connection:
                assert connection.recv(1024).startswith(b"GET /bucket?")
                process.send_signal(signal.SIGTERM)
                assert process.wait(20) == 128 + signal.SIGTERM
        finally:
            process.kill()
            process.communicate()


def test_a_launcher_tells_what_nobody_expected() -> None:
    process = launch({"inputs": {}}, 1)
    _, found = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "Traceback" in found
    assert "main.go:113] failed to execute component: unexpected KeyError: 'outputs'\n" in found
    assert "] failed to report the failure: the pod's token cannot be read" in found
