"""What a session shows of its preflight: in the terminal, in the report, by its exit code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cluster.remote import Remote
from tests.cluster.web import closed_port

CHECKS = [
    *("DNS", "TCP", "TLS", "gateway", "credentials", "pipelines", "ML Metadata", "Kubernetes"),
    *("namespace", "profile", "rights", "storage class", "object store", "components"),
    "selected tests",
]
TEST = "def test_it(kf_cluster):\n    pass\n"


def states(output: str) -> dict[str, str]:
    """The table's states by check."""
    found = re.findall(
        r"^(?:kubeflow: )?([A-Za-z ]+?)  +(ok|warning|failed|not checked)\b", output, re.MULTILINE
    )
    return dict(found)


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    (tmp_path / "test_it.py").write_text(TEST)
    return tmp_path


def test_alone(remote: Remote, suite: Path) -> None:
    code, output = remote.run(suite, "--kf-preflight", "-s")
    assert code == 0, output
    assert states(output) == {**dict.fromkeys(CHECKS, "ok"), "TLS": "not checked"}
    assert "this Kubeflow is fit to be tested" in output
    assert "passed" not in output


def test_alone_on_what_is_unfit(remote: Remote, tmp_path: Path) -> None:
    with closed_port() as port:
        code, output = remote.run(
            tmp_path, "--kf-preflight", f"--kf-s3-endpoint=http://127.0.0.1:{port}"
        )
    assert code == 78, output
    assert {name for name, state in states(output).items() if state == "failed"} == {"object store"}
    assert states(output)["rights"] == "ok", "the other checks go on"


def test_alone_without_a_cluster(remote: Remote, tmp_path: Path) -> None:
    code, output = remote.run(tmp_path, "--kf-preflight", "--kf-context=staging")
    assert code == 4, output
    assert "--kf-context=staging (from command line): there is no context 'staging' in " in output


def test_with_tests(remote: Remote, suite: Path) -> None:
    code, output = remote.run(suite, "--html=report.html", "--self-contained-html")
    assert code == 0, output
    assert states(output) == {}, "a good cluster is told in one line"
    code, output = remote.run(suite, "-v")
    assert states(output).keys() == {*CHECKS}
    report = (suite / "report.html").read_text()
    assert "Kubeflow preflight" in report
    assert "standard (of standard, immediate)" in report


@pytest.mark.parametrize("more", [[], ["-n", "2"]], ids=["one process", "two workers"])
def test_unfit_with_tests(remote: Remote, suite: Path, more: list[str]) -> None:
    with closed_port() as port:
        code, output = remote.run(
            suite,
            f"--kf-s3-endpoint=http://127.0.0.1:{port}",
            *("--html=report.html", "--self-contained-html", "--junitxml=junit.xml"),
            *more,
        )
    assert code == 78, output
    assert states(output)["object store"] == "failed"
    assert output.count("\nERROR: ") == 1
    assert "passed" not in output
    if not more:
        assert "failed: --kf-s3-endpoint=" in (suite / "report.html").read_text()


def test_warnings_are_told(remote: Remote, suite: Path) -> None:
    code, output = remote.run(suite, "--kf-insecure", "--kf-require=katib")
    assert code == 0, output
    assert states(output) == {"components": "warning"}
    assert "--kf-require=katib (from command line), and there is no katib" in output
