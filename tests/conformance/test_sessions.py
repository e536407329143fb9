"""Whole sessions for conformance: what is refused, what is written, and what that shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from pytest_kubeflow.conformance import verification
from pytest_kubeflow.conformance.archive import read, write
from pytest_kubeflow.conformance.requirements import Requirements
from pytest_kubeflow.conformance.seal import digest_of

from . import samples

ROOT = Path(__file__).parents[2]
SHORT = Requirements(
    "26.03",
    (
        "access/test_endpoints.py::test_strangers_are_sent_away_and_we_get_in[dashboard]",
        "platform/test_nodes.py::test_nodes_are_ready",
    ),
)
"""A list of two tests, in place of the real one: sessions on that are in tests/suites."""

SHORTENED = f"""
from pytest_kubeflow.conformance import requirements

SHORT = requirements.Requirements({SHORT.release!r}, {SHORT.tests!r})
requirements.requirements_of = lambda release: SHORT
"""
Session = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """A session of pytest in a folder with a product file."""
    (tmp_path / "product.yaml").write_text(samples.PRODUCT.text())
    (tmp_path / "shortened.py").write_text(SHORTENED)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


CONFORMANCE = ("--kf-conformance=26.03", "--kf-conformance-product=product.yaml")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--kf-conformance=26.03", "--kf-conformance-product=shortened.py"],
            "shortened.py: it is no YAML",
        ),
        (
            [*CONFORMANCE, "--kf-conformance-bundle=."],
            "is there already, and a bundle is never overwritten",
        ),
    ],
)
def test_refused_before_anything_is_done(
    session: Session, arguments: list[str], message: str
) -> None:
    done = session(*arguments)
    assert done.returncode == 4, done.stdout + done.stderr
    assert message in done.stdout + done.stderr


def test_a_selection_that_lacks_a_test_is_refused(session: Session, tmp_path: Path) -> None:
    done = session(*CONFORMANCE, "-p", "shortened", "-k", "nodes", "--pyargs", "suites")
    assert done.returncode == 4, done.stdout + done.stderr
    message = "--kf-conformance=26.03 needs 2 tests, of which 1 are not selected: access/test_endp"
    assert message in done.stdout + done.stderr
    assert not list(tmp_path.glob("kubeflow-conformance*"))


def test_a_bundle_of_the_embedded_cluster(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = session(
        *CONFORMANCE,
        "-p",
        "shortened",
        "--kf-host=local",
        "--pyargs",
        "suites",
        "--kf-json=session.json",
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    files = read(tmp_path / "kubeflow-conformance-26.03")
    digest = digest_of(files)
    assert f"which conforms to Kubeflow 26.03 ({digest})" in output
    platform = json.loads(files["platform.json"])
    assert platform["embedded"] is True
    assert platform["parts"]["Katib"]
    assert platform["images"]
    assert {one["name"] for one in platform["definitions"]} >= {"experiments.kubeflow.org"}
    assert files["e2e.log"].endswith(b"SUCCESS! -- 2 Passed | 0 Failed | 0 Pending | 0 Skipped\n")
    subprocess.run(
        ["/usr/bin/env", "sha256sum", "-c", "SHA256SUMS"],
        cwd=tmp_path / "kubeflow-conformance-26.03",
        check=True,
        capture_output=True,
    )
    # The list is none of ours, so that it shows nothing; of ours it would.
    verdict = verification.verify(files, version=version("pytest-kubeflow"))
    assert any("its list of tests is not that of Kubeflow 26.03" in one for one in verdict.problems)
    monkeypatch.setattr(verification, "requirements_of", lambda _release: SHORT)
    assert (
        verification.verify(files, version=version("pytest-kubeflow"), digest=digest).problems == ()
    )


def test_a_platform_that_does_not_conform(session: Session, tmp_path: Path) -> None:
    """A node is short of disk space; a worker runs the tests."""
    done = session(
        *CONFORMANCE,
        "-p",
        "shortened",
        "--kf-host=local",
        "--kf-local-fault=node-under-pressure",
        "--kf-health-fails-on=degraded",
        "--pyargs",
        "suites",
        "--kf-conformance-bundle=b.zip",
        "-n",
        "1",
    )
    output = done.stdout + done.stderr
    assert done.returncode == 1, output
    assert "b.zip, which does not conform to Kubeflow 26.03 (sha256:" in output
    files = read(tmp_path / "b.zip")
    assert files["e2e.log"].endswith(b"FAIL! -- 1 Passed | 1 Failed | 0 Pending | 0 Skipped\n")
    problems = verification.verify(files, version=version("pytest-kubeflow")).problems
    assert any("1 tests did not pass (failed): platform/test_nodes.py" in one for one in problems)


def test_verify(session: Session, tmp_path: Path) -> None:
    write(tmp_path / "good.zip", samples.bundle())
    write(tmp_path / "bad", {**samples.bundle(), "e2e.log": b"SUCCESS!\n"})
    digest = digest_of(samples.bundle())
    good = session(f"--kf-verify=good.zip@{digest}", "--kf-verify=good.zip")
    assert good.returncode == 0, good.stdout + good.stderr
    assert good.stdout.count(f"conforms to Kubeflow 26.03: {digest}") == 2
    bad = session("--kf-verify=bad", "--kf-verify=good.zip")
    assert bad.returncode == 1
    assert "bad: e2e.log was changed: its SHA-256 is not the one in SHA256SUMS" in bad.stdout
    assert "good.zip: Turbo Encabulator 1.7.4 of Yoyodyne conforms to" in bad.stdout
    none = session("--kf-verify=nowhere")
    assert none.returncode == 4
    assert "--kf-verify: " in none.stderr
    both = session("--kf-verify=good.zip", "--kf-health")
    assert both.returncode == 4
