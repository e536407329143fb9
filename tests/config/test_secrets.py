"""Secrets come by environment or file, and are shown nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.config.header import header_lines
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.config.table import OPTIONS
from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.redaction import Secret
from tests.config.sources import resolved

SECRETS = [option for option in OPTIONS if option.secret]
# No run of characters that the frame around it has by chance.
PLANTED = st.text(st.characters(categories=["Lo", "Nd"]), min_size=12).map(lambda text: f"§{text}§")


def shown(config: KubeflowConfig) -> str:
    found = [config.described(option.name) for option in OPTIONS]
    return "\n".join(
        [repr(config), str(config), repr(config.settings), *found, *header_lines(config)]
    )


@given(PLANTED)
def test_secrets_are_not_shown(planted: str) -> None:
    given = {option.env: planted for option in SECRETS}
    config = resolved({"host": "local", "registry_username": "me"}, given)
    assert len(list(config.secrets())) == len(SECRETS) == 8
    assert {one.reveal() for one in config.secrets()} == {planted.strip()}
    assert planted not in shown(config)


@given(PLANTED)
def test_credentials_in_a_url_are_not_shown(planted: str) -> None:
    for text in (
        f"https://user:{planted}@host",
        f"https://user:a/{planted}@host:port",
        f"user:{planted}@host:9",
    ):
        with pytest.raises(ConfigurationError) as raised:
            resolved({"host": text})
        assert planted not in raised.value.message
        assert "***@host" in raised.value.message


def test_secrets_have_no_option() -> None:
    for option in (*SECRETS, *(one for one in OPTIONS if one.name == "password_file")):
        assert option.option is None
        assert option.ini is None


def test_an_empty_secret_is_told_as_empty() -> None:
    with pytest.raises(ConfigurationError) as raised:
        resolved(environment={"KF_TOKEN": ""})
    assert raised.value.message == (
        "KF_TOKEN: '' from environment KF_TOKEN is empty; valid: any text"
    )


def test_a_password_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(" planted with spaces \n")
    config = resolved(environment={"KF_PASSWORD_FILE": "password"}, folder=tmp_path)
    assert config.gateway.password == Secret(" planted with spaces ")
    assert config.origin("password") == f"{file} (environment KF_PASSWORD_FILE)"
    assert "planted" not in shown(config)


@pytest.mark.parametrize(
    ("content", "message"), [(b"\n", "is empty"), (b"\xff\xfe planted", "KF_PASSWORD_FILE: ")]
)
def test_a_file_without_a_password(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "password").write_bytes(content)
    with pytest.raises(ConfigurationError, match=message) as raised:
        resolved(environment={"KF_PASSWORD_FILE": "password"}, folder=tmp_path)
    assert "planted" not in raised.value.message
    assert "\n" not in raised.value.message


def test_of_a_secret_and_a_file_the_more_important_counts(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from the file")
    both = {"KF_TOKEN": "direct"}
    config = resolved({"token_file": "token"}, both, folder=tmp_path)
    assert config.gateway.token is None
    assert config.gateway.token_file == tmp_path / "token"
    config = resolved({}, both, {"token_file": "token"}, folder=tmp_path)
    assert config.gateway.token == Secret("direct")
    assert config.gateway.token_file is None
