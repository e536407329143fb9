"""Targets: named configurations in a file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_kubeflow.errors import ConfigurationError
from tests.config.sources import resolved

TARGETS = """
[targets.staging]
host = "https://staging.example.com"
timeout = 90
insecure = true
require = ["katib", "gpu"]
kubeconfig = "staging.kubeconfig"

[targets.empty]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "kubeflow-targets.toml").write_text(TARGETS)
    (tmp_path / "staging.kubeconfig").touch()
    return tmp_path


def test_values_of_every_kind(folder: Path) -> None:
    config = resolved({"target": "staging"}, folder=folder)
    assert config.gateway.host == "https://staging.example.com"
    assert config.session.timeout == 90.0
    assert config.gateway.insecure is True
    assert config.session.require == ("katib", "gpu")
    assert config.kubernetes.kubeconfig == folder / "staging.kubeconfig"
    assert config.origin("host") == "target staging in kubeflow-targets.toml"


@pytest.mark.parametrize("way", ["command line", "environment", "ini"])
def test_a_target_is_chosen_from_anywhere(folder: Path, way: str) -> None:
    config = resolved(
        {"target": "staging"} if way == "command line" else {},
        {"KF_TARGET": "staging"} if way == "environment" else {},
        {"target": "staging"} if way == "ini" else {},
        folder=folder,
    )
    assert config.gateway.host == "https://staging.example.com"


def test_a_file_of_another_name(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text("[targets.prod]\nhost = 'https://prod.example.com'\n")
    config = resolved({"target": f"{other}:prod"}, folder=folder)
    assert config.gateway.host == "https://prod.example.com"
    assert config.origin("host") == "target prod in other.toml"


def test_an_empty_target_sets_nothing(folder: Path) -> None:
    assert resolved({"target": "empty"}, folder=folder).gateway.host is None


WRONG = {
    "nobody": ("", r"--kf-target: there is no target 'nobody' in \S+; targets there: none"),
    "prod": (TARGETS, r"there is no target 'prod' in \S+; targets there: staging, empty"),
    "typo": ("[targets.typo]\nhots = 'x'", r"\[targets.typo\] hots is not known; valid: host, "),
    "secret": (
        "[targets.secret]\npassword = 'planted-in-file'",
        r"\[targets.secret\] password is a secret, which comes by environment or file; valid: ",
    ),
    "again": ("[targets.again]\ntarget = 'x'", r"\[targets.again\] target is "),
    "table": ("[targets.table]\nhost = {a = 1}", r"--kf-host: \{'a': 1\} from target table in"),
    "many": ("[targets.many]\nhost = ['local', 'local']", r"--kf-host: .* takes one value"),
    "broken": ("[targets.broken", r"--kf-target: \S+kubeflow-targets.toml is not TOML: "),
    "flat": ("targets = 3", r"--kf-target: there is no target 'flat'"),
    "missing": (None, r"--kf-target: 'missing' needs \S+, which cannot be read \(No such file"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_in_one_line(tmp_path: Path, name: str) -> None:
    text, found = WRONG[name]
    if text is not None:
        (tmp_path / "kubeflow-targets.toml").write_text(text)
    with pytest.raises(ConfigurationError) as raised:
        resolved({"target": name}, folder=tmp_path)
    assert re.search(found, raised.value.message), raised.value.message
    assert "\n" not in raised.value.message
    assert "planted" not in raised.value.message


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "kubeflow-targets.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="is not TOML"):
        resolved({"target": "x"}, folder=tmp_path)
