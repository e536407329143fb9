"""Logs, warnings, ids and pytest's cache are redacted, as the reports are."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from pytest_kubeflow.fixtures.redaction.output import OutputRedactor

PLANTED = "planted-kR7-password"
CONFTEST = """
import logging, os

def pytest_collection_modifyitems():
    logging.getLogger("collecting").warning("with %s", os.environ["KF_PASSWORD"])
"""
TESTS = """
import logging, os, sys, warnings
import pytest

SECRET = os.environ["KF_PASSWORD"]
log = logging.getLogger("theirs")

@pytest.fixture
def theirs():
    log.debug("set up with %(key)s", {"key": SECRET})
    yield
    log.debug("tear down with %s", SECRET)

@pytest.mark.parametrize("value", ["plain", "plain"], ids=[SECRET, "Token " + SECRET])
@pytest.mark.parametrize("other", [1], ids=lambda value: SECRET * value)
@pytest.mark.parametrize("third", [pytest.param(1, id=SECRET), 2])
def test_named(value, other, third):
    print("printed", SECRET)
    print("printed in two ", end="")
    print(SECRET, file=sys.stderr)
    sys.stdout.writelines(["lines: ", SECRET[:5], SECRET[5:]])

@pytest.mark.parametrize("value", [SECRET, "Bearer " + SECRET, "plain"])
def test_it(theirs, value, caplog):
    log.info("sent " + SECRET)
    log.info("Cookie: session=%s", "-".join(["cookie", "of", "a", "session"]))
    warnings.warn(f"deprecated: {SECRET}")
    try:
        raise ValueError(SECRET)
    except ValueError:
        log.exception("refused", stack_info=True)
    assert SECRET in caplog.text, "a test sees what it has logged"
    assert value == "plain"
"""


@pytest.mark.parametrize("how", [[], ["-n", "1"], ["-s"]], ids=["alone", "a worker", "printed"])
def test_no_secret_is_written(tmp_path: Path, how: list[str]) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_it.py").write_text(TESTS)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-rA", "-vv", *how, "-o", "log_cli=true"),
            *("--log-level=DEBUG", "--log-file=log.txt", "--junitxml=junit.xml"),
            *("--html=report.html", "--self-contained-html", "-o", "cache_dir=.pytest_cache"),
        ],
        cwd=tmp_path,
        env={**os.environ, "KF_PASSWORD": PLANTED},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "2 failed, 5 passed" in done.stdout, done.stdout
    assert "deprecated: ***" in done.stdout
    assert "test_it[***]" in done.stdout
    assert "test_it[Bearer ***]" in done.stdout
    assert "test_named[***-***-***]" in done.stdout
    assert "test_named[2-***-Token ***]" in done.stdout
    if "-s" in how:
        assert "printed ***" in done.stdout
        assert "printed in two " in done.stdout
    if "-n" not in how:
        assert "set up with ***" in done.stdout
        logged = (tmp_path / "log.txt").read_text()
        for part in ("with ***", "tear down with ***", "Cookie: ***", "ValueError: ***"):
            assert part in logged
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert any(".pytest_cache" in path.parts for path in written)
    for text in [done.stdout, done.stderr, *(path.read_text() for path in written)]:
        for secret in (PLANTED, "cookie-of-a-session"):
            lines = [line for line in text.splitlines() if secret in line]
            assert not lines or text == TESTS


def test_handlers_are_given_back(pytestconfig: pytest.Config) -> None:
    handler = logging.StreamHandler()
    logging.getLogger().addHandler(handler)
    config = cast(
        pytest.Config,
        SimpleNamespace(stash=pytest.Stash(), pluginmanager=pytest.PytestPluginManager()),
    )
    try:
        redactor = OutputRedactor(config)
        redactor.pytest_sessionstart()
        assert handler.formatter is not None
        redactor.pytest_unconfigure()
        assert handler.formatter is None
    finally:
        logging.getLogger().removeHandler(handler)


LEAKS = """
import os, re, sys
import pytest

SECRET = os.environ["KF_PASSWORD"]

def test_subtests(subtests):
    with subtests.test(msg=SECRET, key=SECRET):
        print("printed", SECRET)
        assert SECRET == "x"

@pytest.mark.xfail(reason="since " + SECRET)
def test_xfail():
    assert False

@pytest.mark.skip(reason="without " + SECRET)
def test_skip():
    pass

def test_properties(record_property, record_testsuite_property, record_xml_attribute):
    record_property(SECRET, {"deep": [SECRET, SECRET.encode()]})
    record_testsuite_property("suite", SECRET)

@pytest.mark.parametrize("value", [SECRET.encode(), re.compile(SECRET)])
def test_ids(value):
    assert (value, SECRET) == (b"x", "y" + SECRET)

def test_cut():
    assert ["a" * 100, SECRET * 20, "b" * 200] == SECRET

def test_exit():
    pytest.exit("ended with " + SECRET)
"""


@pytest.mark.parametrize(
    "how", [["-vv", "-l"], ["-n", "1"], ["--setup-show", "-rA"], ["-p", "no:capture"], ["-x"]]
)
def test_no_hook_leaks(tmp_path: Path, how: list[str]) -> None:
    (tmp_path / "test_it.py").write_text(LEAKS)
    planted = "planted-kR7x9Qm2Wd8-of-the-administrator"
    command = [sys.executable, "-m", "pytest", "-o", "cache_dir=.pytest_cache", *how]
    command += ["--junitxml=junit.xml", "--html=report.html", "--self-contained-html"]
    command += ["--kf-report=page.html", "--kf-json=session.json", "--kf-ctrf=ctrf.json"]
    command += ["--kf-prometheus=night.prom", "--kf-github-summary=summary.md"]
    command += ["--kf-history=nights", "--kf-bundle=bundle"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "KF_PASSWORD": planted},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "INTERNALERROR" not in done.stdout + done.stderr
    assert "***" in done.stdout
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert len(written) > 8
    pieces = {planted[at : at + 12] for at in range(len(planted) - 11)}
    for name, text in [
        ("stdout", done.stdout),
        ("stderr", done.stderr),
        *(
            (path.name, path.read_text(errors="replace"))
            for path in written
            if path.name != "test_it.py"
        ),
    ]:
        leaking = [line for line in text.splitlines() if any(one in line for one in pieces)]
        assert not leaking, (name, leaking[:3])
