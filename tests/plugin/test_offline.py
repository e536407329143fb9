"""Components where nothing can be installed: the image has all, and no index is asked."""

from __future__ import annotations

import pytest

TESTS = """
import os
from kfp import dsl

@dsl.component(base_image="python:3.11")
def variable(name: str) -> str:
    import os
    return os.environ[name]

def test_it(run_pipeline, kfp_client):
    run = run_pipeline(variable, arguments={"name": "SITE"})
    assert run.task("variable").output == "here, and there"
    spec = kfp_client.get_run(run.run_id).pipeline_spec
    (executor,) = spec["deploymentSpec"]["executors"].values()
    assert "pip install" not in str(executor["container"]["command"])
"""


def test_components_install_nothing_and_have_the_variables_of_the_site(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No index is there, and nothing that was installed before."""
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("XDG_CACHE_HOME", str(pytester.path / "cache"))
    pytester.makepyfile(test_site=TESTS)
    done = pytester.runpytest_subprocess(
        "--kf-host=local",
        "--kf-offline",
        "--kf-base-image=pytest-kubeflow",
        "--kf-component-env=SITE=here, and there",
    )
    done.assert_outcomes(passed=1)


def test_an_image_with_kfp_has_to_be_named(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_site=TESTS)
    done = pytester.runpytest_subprocess("--kf-host=local", "--kf-offline")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    message = (
        "*--kf-offline (from command line) needs --kf-base-image=IMAGE with kfp in it: python*"
    )
    done.stderr.fnmatch_lines([message])


def test_what_is_no_variable_is_told(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_site=TESTS)
    done = pytester.runpytest_subprocess("--kf-host=local", "--kf-component-env=a-b=c")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*'a-b' is no name of a variable*"])
