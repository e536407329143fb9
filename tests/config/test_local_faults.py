"""Faults are the embedded cluster's: asked for with another one, they are refused."""

from __future__ import annotations

import pytest

from pytest_kubeflow.errors import ConfigurationError

from .sources import resolved


def test_with_a_url() -> None:
    with pytest.raises(ConfigurationError) as caught:
        resolved({"host": "https://kf.example.com", "local_fault": ["wrong-output"]}, {}, {})
    assert caught.value.message == (
        "--kf-local-fault=wrong-output (from command line) needs --kf-host=local, and there is "
        "--kf-host=https://kf.example.com (from command line): faults are those of the embedded "
        "Kubeflow"
    )


def test_without_a_host() -> None:
    with pytest.raises(ConfigurationError, match="and there is no --kf-host"):
        resolved({}, {"KF_LOCAL_FAULT": "wrong-output"}, {})


def test_in_the_ini_file_for_whoever_says_local() -> None:
    ini = {"local_fault": "wrong-output"}
    assert resolved({"host": "https://kf.example.com"}, {}, ini).local.faults == ("wrong-output",)
    assert resolved({"host": "local"}, {}, ini).local.faults == ("wrong-output",)


def test_strictness_too() -> None:
    host = "https://kf.example.com"
    with pytest.raises(ConfigurationError) as caught:
        resolved({"host": host}, {"KF_LOCAL_STRICT": "yes"}, {})
    assert caught.value.message == (
        "--kf-local-strict (from environment KF_LOCAL_STRICT) needs --kf-host=local, and there is "
        f"--kf-host={host} (from command line): every other Kubeflow is as strict as it is"
    )
    assert not resolved({"host": host}, {"KF_LOCAL_STRICT": "no"}, {}).local.strict
    assert resolved({"host": "local"}, {"KF_LOCAL_STRICT": "yes"}, {}).local.strict
