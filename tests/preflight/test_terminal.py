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
ROOT = Path(__file__).parents[2]
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
    left_out = dict.fromkeys(("TLS", "profile", "selected tests"), "not checked")
    assert states(output) == {**dict.fromkeys(CHECKS, "ok"), **left_out}
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
    assert "not checked: no selected test needs it" in report


@pytest.mark.parametrize("more", [[], ["-n", "2"]], ids=["one process", "two workers"])
def test_unfit_with_tests(remote: Remote, suite: Path, more: list[str]) -> None:
    with closed_port() as port:
        code, output = remote.run(
            suite,
            f"--kf-s3-endpoint=http://127.0.0.1:{port}",
            *("--html=report.html", "--self-contained-html", "--junitxml=junit.xml"),
            *more,
            seconds=240,
        )
    assert code == 78, output
    assert states(output)["object store"] == "failed"
    assert output.count("\nERROR: ") == 1
    assert "passed" not in output
    if not more:
        assert "failed: --kf-s3-endpoint=" in (suite / "report.html").read_text()


def test_warnings_are_told(remote: Remote, suite: Path) -> None:
    (suite / "test_more.py").write_text(SELECTED)
    code, output = remote.run(suite, "--kf-insecure")
    assert code == 0, output
    assert states(output) == {"selected tests": "warning"}
    assert "2 of 5 will not run: no Knative (1), no GPU (1)" in output


SELECTED = """
import pytest

@pytest.mark.kf_requires("knative")
def test_knative(kf_cluster): pass

@pytest.mark.kf_requires("gpu")
def test_gpu(kf_kubernetes): pass

@pytest.mark.kf_requires("kserve")
def test_kserve(kf_cluster): pass

def test_nothing(): pass
"""


def test_of_the_selected_tests(remote: Remote, suite: Path) -> None:
    """Those that are named, without running any: what they need, and what they will not find."""
    (suite / "test_more.py").write_text(SELECTED)
    code, output = remote.run(suite, "--kf-preflight", "test_more.py", seconds=180)
    assert code == 0, output
    assert "2 of 4 will not run: no Knative (1), no GPU (1)" in output
    assert "passed" not in output
    assert states(output)["storage class"] == "not checked", "no volumes are selected"
    more = ("-k", "kserve or nothing")
    code, output = remote.run(suite, "--kf-preflight", "test_more.py", *more, seconds=180)
    assert code == 0, output
    assert "2, and nothing that they need is known to be missing" in output


@pytest.mark.parametrize("more", [[], ["-n", "2"]], ids=["one process", "two workers"])
def test_what_is_required_is_known_before(remote: Remote, suite: Path, more: list[str]) -> None:
    """No test begins."""
    (suite / "test_more.py").write_text(SELECTED)
    code, output = remote.run(suite, "--kf-require=knative,kserve", *more, seconds=240)
    assert code == 78, output
    assert states(output)["selected tests"] == "failed"
    message = "--kf-require=knative,kserve (from command line), and what that needs is not there: "
    assert f"ERROR: {message}knative: no Knative (1)" in output
    assert "kserve:" not in output
    assert "passed" not in output


def test_without_arguments_it_is_the_shipped_suites(remote: Remote) -> None:
    """As far as they are there: in a checkout of the project."""
    code, output = remote.run(ROOT, "--kf-preflight", "-q", seconds=180)
    assert code == 0, output
    assert re.search(r"\d of \d+ will not run: no GPU \(\d\)", output), output
