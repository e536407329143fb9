"""The table of options as users meet it: --help, the ini file, the page, the header."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_kubeflow import options
from pytest_kubeflow.config.table import OPTIONS

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "options.md"
VISIBLE = [row for row in OPTIONS if not row.hidden]


def pytest_says(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_help_has_every_option_and_ini_key(tmp_path: Path) -> None:
    said = pytest_says(tmp_path, "--help")
    for row in VISIBLE:
        assert f"  {row.option}" in said
        assert f"  {row.ini} (string)" in said
        assert row.env in said
    for row in OPTIONS:
        if row.hidden:
            assert not re.search(rf"--kf-{row.name.replace('_', '-')}[= ]", said)


def test_the_page_equals_the_table() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert options.reference() in text, (
        "docs/reference/options.md is not what pytest_kubeflow.options.reference() says: "
        "write its table anew"
    )


def test_the_table_has_a_row_an_option() -> None:
    rows = options.reference().partition("\n\n")[0].splitlines()[2:]
    assert len(rows) == len(OPTIONS)
    for row, option in zip(rows, OPTIONS, strict=True):
        cells = re.split(r"(?<!\\) \| ", row.strip("| "))
        assert f"`{option.env}`" in row
        assert option.help.replace("|", r"\|") in row
        assert (f"`{option.ini}`" in cells) == (not option.hidden)


def test_header_masks_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KF_TOKEN", "planted-token")
    monkeypatch.setenv("KF_REQUIRE", "katib,gpu")
    (tmp_path / "pytest.ini").write_text("[pytest]\nkf_keep = on-failure\n")
    said = pytest_says(tmp_path, "--kf-host=https://kf.example.com", "--kf-insecure")
    for found in (
        "host=https://kf.example.com (command line)",
        "insecure=True (command line)",
        "require=katib,gpu (environment KF_REQUIRE)",
        "keep=on-failure (kf_keep in pytest.ini)",
        "token=*** (environment KF_TOKEN)",
    ):
        assert found in said
    assert "planted" not in said
    assert "timeout=" not in said  # defaults are not listed


def test_header_without_a_cluster(tmp_path: Path) -> None:
    assert "kubeflow: no cluster named (--kf-host=URL" in pytest_says(tmp_path)


def test_secrets_stay_out_of_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KF_PASSWORD", "planted-password")
    (tmp_path / "test_leak.py").write_text(
        "def test_leak(kf_config):\n"
        "    print(kf_config.gateway.password.reveal())\n"
        "    assert kf_config.gateway.password.reveal() == 'x'\n"
    )
    said = pytest_says(tmp_path, "--junit-xml=junit.xml", "-rA")
    assert "1 failed" in said
    assert "***" in said
    for text in (said, (tmp_path / "junit.xml").read_text()):
        assert "planted" not in text.replace("KF_PASSWORD", "")


def test_repeated_options_on_the_command_line(tmp_path: Path) -> None:
    said = pytest_says(
        tmp_path, "--kf-host=https://x", "--kf-require=katib", "--kf-require=gpu,katib"
    )
    assert "require=katib,gpu (command line)" in said


def test_an_option_given_twice_takes_the_last(tmp_path: Path) -> None:
    """As everywhere in pytest: so that addopts can be overridden."""
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --kf-host=https://first\n")
    assert "host=https://last (command line)" in pytest_says(tmp_path, "--kf-host=https://last")


@pytest.mark.parametrize("action", ["--kf-preflight", "--kf-cleanup", "--kf-health"])
@pytest.mark.parametrize("listing", ["--kf-plan", "--collect-only"])
def test_what_runs_no_test_does_not_go_with_what_runs_instead(
    tmp_path: Path, listing: str, action: str
) -> None:
    said = pytest_says(tmp_path, "--kf-host=local", listing, action)
    message = f"ERROR: {listing} runs no test, and {action} runs instead of tests: give one of them"
    assert message in said
    assert len(said.splitlines()) <= 2, said


@pytest.mark.parametrize(
    "option", ["--kf-password", "--kf-token", "--kf-cookie", "--kf-s3-secret-key"]
)
@pytest.mark.parametrize("apart", [False, True], ids=["with =", "apart"])
def test_no_secret_on_the_command_line(tmp_path: Path, option: str, apart: bool) -> None:
    given = [option, "planted-22"] if apart else [f"{option}=planted-22"]
    said = pytest_says(tmp_path, *given)
    assert said.startswith(f"ERROR: {option} is no option"), said
    assert f"KF_{option[5:].upper().replace('-', '_')}" in said
    assert "planted-22" not in said


@pytest.mark.parametrize("key", ["password", "token", "cookie", "s3_access_key", "s3_secret_key"])
def test_no_secret_by_an_ini_key(tmp_path: Path, key: str) -> None:
    said = pytest_says(tmp_path, "-o", f"kf_{key}=planted-22")
    assert f"ERROR: -o kf_{key} is no setting: command lines are seen" in said
    assert f"set the environment variable KF_{key.upper()}\n" in said
    assert "planted-22" not in said


@pytest.mark.parametrize(
    ("file", "head"),
    [("pytest.ini", "[pytest]"), ("pyproject.toml", "[tool.pytest.ini_options]")],
)
def test_no_secret_in_an_ini_file(tmp_path: Path, file: str, head: str) -> None:
    (tmp_path / file).write_text(f"{head}\nkf_password_file = 'planted-22'\n")
    said = pytest_says(tmp_path)
    assert f"ERROR: kf_password_file in {file} is no setting: such files are shared" in said
    assert "set the environment variable KF_PASSWORD_FILE\n" in said
    assert "planted-22" not in said
    assert pytest_says(tmp_path, "--help").startswith("usage: ")
