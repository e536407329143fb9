"""A pipeline that only the embedded Kubeflow runs: green, but with --kf-local-strict."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECK = """
import pytest
from kfp import dsl

@dsl.container_component
def greet(name: str = "world") -> dsl.ContainerSpec:
    return dsl.ContainerSpec(image="busybox", command=["echo"], args=[name])

@dsl.pipeline(name="by-default")
def by_default():
    greet()

@pytest.mark.kf_pipeline(by_default)
def test_greeting(pipeline_run):
    assert pipeline_run.task("greet").state == "SUCCEEDED"
"""


@pytest.mark.parametrize("strict", [False, True])
def test_what_no_backend_does_is_red_where_it_is_strict(tmp_path: Path, strict: bool) -> None:
    (tmp_path / "test_it.py").write_text(CHECK)
    options = ["--kf-host=local", "--kf-local-mode=standalone", *["--kf-local-strict"] * strict]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if not name.startswith("KF_")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if strict:
        assert done.returncode == 1, done.stdout
        assert 'parameter "name" not found in executor input' in done.stdout
    else:
        assert done.returncode == 0, done.stdout
