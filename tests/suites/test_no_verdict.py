"""Checks that would prove nothing on a cluster skip there, with the reason, and leave nothing."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.remote import COMMAND, Remote, serving

ROOT = Path(__file__).parents[2]
PUBLIC = "pipelines/test_upload.py::test_run_versions_of_uploaded_pipeline[public]"
ACCESS = "serving/test_access.py"


@pytest.fixture(scope="module")
def remote() -> Iterator[Remote]:
    with serving() as running:
        yield running


@pytest.fixture(scope="module")
def lone() -> Iterator[Remote]:
    with serving(multi_user=False) as running:
        yield running


def run(check: str, *options: str) -> tuple[int, str]:
    done = subprocess.run(
        [*COMMAND, "-ra", *options, f"suites/{check}"],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "400", "KF_PASSWORD": "12341234"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_shared_pipeline_that_could_not_be_removed_is_not_made(remote: Remote) -> None:
    """Its uploader may upload it, and has no right to delete it in the system's namespace."""
    before = remote.things()
    code, output = run(PUBLIC, *remote.arguments)
    assert code == 0, output
    assert re.search(
        r"SKIPPED .*could not remove them: cannot create and delete shared pipelines: .*403.*"
        r"User 'user@example.com' is not authorized",
        output,
    ), output
    assert remote.things() == before


def test_nobody_is_refused_at_predictors_without_a_gateway(lone: Remote) -> None:
    where = lone.endpoints
    code, output = run(ACCESS, f"--kf-host={where.host}", f"--kf-kubeconfig={where.kubeconfig}")
    assert code == 0, output
    assert "2 skipped" in output
    assert "stand-alone pipelines have no users" in output


def test_nobody_is_refused_past_the_gateway(remote: Remote) -> None:
    code, output = run(ACCESS, *remote.arguments, "--kf-serving-ingress=port-forward")
    assert code == 0, output
    assert "2 skipped" in output
    assert "predictors are asked past the gateway" in output
