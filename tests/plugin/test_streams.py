"""No secret gets past the reports: streams without capture, broken conftests, pytest's trace."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PLANTED = "planted-kR7x9Qm2Wd8-of-the-ädministrator"
TESTS = """
import os, sys
import pytest

SECRET = os.environ["KF_PASSWORD"]

def test_disabled(capsys):
    with capsys.disabled():
        print("disabled", SECRET)
        print("error", SECRET, file=sys.stderr)

def test_disabled_descriptors(capfd):
    with capfd.disabled():
        print("descriptors", SECRET[:9], end="")
        print(SECRET[9:])

def test_bytes(request):
    secret = SECRET.encode()
    sys.stdout.buffer.write(b"bytes " + secret[:28])
    # pytest's capturing does not take bytes that are no UTF-8.
    more = b" \\xff\\x00" if request.config.getoption("capture") == "no" else b""
    sys.stdout.buffer.write(secret[28:] + more + b"\\n")
    sys.stderr.buffer.writelines([b"more ", SECRET.encode(), b"\\n"])
    sys.stdout.buffer.flush()
    print("printed", SECRET)
    print("without an end", SECRET, end="")

def test_compared():
    left = bytes(range(33, 90)) + SECRET.encode() * 3
    right = b"#" + SECRET.encode() * 3 + b"!" * 50
    assert [left, {"key": left}, (SECRET + " ") * 9] == [right, {"key": right}, "x"]
"""


def session(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """A session of pytest in `folder`, with a secret in its environment."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env={**os.environ, "KF_PASSWORD": PLANTED, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        check=False,
    )


def leaks(folder: Path, done: subprocess.CompletedProcess[bytes]) -> list[str]:
    """The lines with a piece of the secret, of what was written; whatever is between its parts."""
    pieces = {PLANTED[at : at + 9] for at in range(len(PLANTED) - 8)}
    written = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".py"}
    return [
        f"{name}: {line}"
        for name, data in {"stdout": done.stdout, "stderr": done.stderr, **written}.items()
        for line in data.decode("utf-8", "replace").splitlines()
        if any(piece in line for piece in pieces)
    ]


@pytest.mark.parametrize(
    "how",
    [["-s"], ["-vv", "--color=yes", "-l"], ["--capture=tee-sys", "-rA"]],
    ids=" ".join,
)
def test_what_is_not_captured_is_redacted(tmp_path: Path, how: list[str]) -> None:
    (tmp_path / "test_it.py").write_text(TESTS)
    done = session(tmp_path, *how, "--junitxml=junit.xml")
    assert b"3 passed" in done.stdout, done.stdout.decode()
    assert b"disabled ***" in done.stdout
    assert b"error ***" in done.stderr
    assert b"descriptors ***" in done.stdout
    if "-s" in how:
        assert b"bytes *** \xff\x00\n" in done.stdout
        assert b"more ***" in done.stderr
        assert b"without an end ***" in done.stdout
    if "--capture=tee-sys" in how:
        assert b"printed ***" in done.stdout
    assert not leaks(tmp_path, done)


@pytest.mark.parametrize(
    "conftest",
    [
        "raise ValueError({0!r})",
        "import pytest; pytest.exit({0!r})",
        "import pytest; raise pytest.UsageError({0!r})",
        "import sys; print({0!r}); print({0!r}, file=sys.stderr); sys.exit({0!r})",
        "def pytest_configure(): raise ValueError({0!r})",
        "import pytest\ndef pytest_configure(): raise pytest.UsageError({0!r})",
    ],
)
def test_what_a_conftest_that_fails_says(tmp_path: Path, conftest: str) -> None:
    (tmp_path / "conftest.py").write_text(conftest.format(PLANTED))
    done = session(tmp_path)
    assert done.returncode
    assert b"***" in done.stdout + done.stderr
    assert not leaks(tmp_path, done)


def test_a_collection_that_fails(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(f"raise ValueError({PLANTED!r})")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "conftest.py").write_text(f"raise ValueError({PLANTED!r})")
    done = session(tmp_path, "-p", "no:terminal", "--junitxml=junit.xml")
    assert done.returncode == pytest.ExitCode.INTERRUPTED
    done = session(tmp_path, "--junitxml=junit.xml")
    assert b"ValueError: ***" in done.stdout
    (tmp_path / "inner" / "conftest.py").unlink()
    (tmp_path / "inner").rmdir()
    assert not leaks(tmp_path, done)


def test_the_trace_of_pytest(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TESTS)
    done = session(tmp_path, "--debug=trace.log", f"-k=not {PLANTED}")
    assert b"1 failed, 3 passed" in done.stdout
    trace = (tmp_path / "trace.log").read_text()
    assert "***" in trace
    assert "pytest_runtest_makereport" in trace
    assert not leaks(tmp_path, done)


STREAMS = """
import sys, pytest
before = sys.stdout, sys.stderr
pytest.main(sys.argv[1:])
assert (sys.stdout, sys.stderr) == before
"""


@pytest.mark.parametrize("arguments", [["-s"], ["--capture=tee-sys"], [], ["--unknown"]])
def test_the_streams_are_given_back(tmp_path: Path, arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STREAMS, "-p", "no:cacheprovider", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
