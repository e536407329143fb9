"""JUnit XML says of a session what tests alone do not say, also where no test ran."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.reporting.sessions import Session, run_session

CONFTEST = """
    import pytest
    from pytest_kubeflow.reporting import junit_session
    from tests.reporting.formats import samples

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(session):
        junit_session.complete(session.config, record(session), samples.TREND)

    def record(session):
"""
TESTS = """
    import pytest

    @pytest.mark.parametrize("text", ["a::b", "x.y", "[]", "<&>"])
    def test_passes(text):
        pass

    class TestClass:
        def test_fails(self):
            assert 0

    def test_after():
        pass
"""


def said(folder: Path, record: str, *arguments: str, tests: str = TESTS) -> ET.Element:
    """The suite of a session that ended with this record."""
    files = {
        "conftest.py": textwrap.dedent(CONFTEST) + textwrap.indent(textwrap.dedent(record), "    "),
        "test_it.py": textwrap.dedent(tests),
    }
    found: Session = run_session(folder, files, *arguments, reports=True)
    (suite,) = ET.fromstring(found.xml).iter("testsuite")  # noqa: S314  written by pytest
    counted = {kind: len(list(suite.iter(kind))) for kind in ("testcase", "skipped")}
    assert int(suite.get("tests", "")) == counted["testcase"]
    assert int(suite.get("skipped", "")) == counted["skipped"]
    assert int(suite.get("failures", "")) == len(list(suite.iter("failure")))
    assert int(suite.get("errors", "")) == len(list(suite.iter("error")))
    assert all(case.get("name") for case in suite.iter("testcase"))
    return suite


def properties(element: ET.Element) -> Mapping[str, str]:
    found = element.find("properties")
    return (
        {}
        if found is None
        else {one.get("name", ""): one.get("value", "") for one in found.iter("property")}
    )


def case(suite: ET.Element, name: str) -> ET.Element:
    (found,) = (one for one in suite.iter("testcase") if one.get("name") == name)
    return found


def test_a_red_session_has_properties_and_so_have_its_tests(tmp_path: Path) -> None:
    suite = said(
        tmp_path,
        """
        from dataclasses import replace
        found = samples.degraded()
        red = replace(found.tests[0], nodeid="test_it.py::TestClass::test_fails")
        fine = [
            samples.passed(f"test_it.py::test_passes[{text}]", reruns=2)
            for text in ("a::b", "x.y", "[]", "<&>")
        ]
        return replace(found, tests=(red, *fine))
        """,
    )
    found = properties(suite)
    assert found["kubeflow.verdict"] == "degraded"
    assert found["kubeflow.verdict.sentence"].startswith("People cannot run pipelines")
    assert found["kubeflow.gateway"] == "https://kf.example"
    assert found["kubeflow.target"] == "staging"
    assert found["kubeflow.session"] == "s1"
    assert found["kubeflow.version.Kubernetes"] == "1.34.4"
    assert found["kubeflow.component.access"] == "fit"
    assert found["kubeflow.cause"].startswith("KF114: hypotenuse")
    assert found["kubeflow.not_run"] == "1: no GPU here"
    assert found["kubeflow.left"] == "Profile kf-x"
    assert found["kubeflow.made.Profile"] == "2"
    assert "2.8 times its usual longest" in found["kubeflow.slow"]
    failed = case(suite, "test_fails")
    assert failed.find("failure") is not None
    assert properties(failed)["kubeflow.cause"] == found["kubeflow.cause"]
    assert properties(failed)["kubeflow.fix"] == "kubectl x"
    for text in ("a::b", "x.y", "[]", "<&>"):
        assert properties(case(suite, f"test_passes[{text}]"))["kubeflow.reruns"] == "2"
    rows = {
        one.get("name"): one
        for one in suite.iter("testcase")
        if one.get("classname") == "kubeflow.preflight"
    }
    assert list(rows) == ["gateway", "store", "metadata"]
    assert properties(rows["store"])["kubeflow.message"] == "the bucket is not ours"
    assert rows["metadata"].find("skipped") is not None


def test_an_unfit_cluster_has_failures(tmp_path: Path) -> None:
    suite = said(
        tmp_path,
        "return samples.unfit()",
        "--junit-prefix=night",
        tests="import pytest\npytest.exit('not fit', returncode=78)",
    )
    assert suite.get("failures") == "1"
    login = case(suite, "login")
    assert login.get("classname") == "night.kubeflow.preflight"
    failure = login.find("failure")
    assert failure is not None
    assert failure.get("message") == "the password is wrong"
    assert "set KF_PASSWORD" in str(failure.text)


INTERRUPTED = """
    import os, signal, time

    def test_before():
        pass

    def test_waits():
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)

    def test_after():
        pass
"""


@pytest.mark.parametrize(
    ("state", "tag", "family"),
    [("INTERRUPTED", "error", "xunit1"), ("DEGRADED", "skipped", "xunit2")],
)
def test_what_was_waited_for_and_not_reached(
    tmp_path: Path, state: str, tag: str, family: str
) -> None:
    suite = said(
        tmp_path,
        f"""
        from dataclasses import replace
        from pytest_kubeflow.reporting.records.tests import Outcome, TestRecord
        from pytest_kubeflow.reporting.records.session import State
        tests = [
            TestRecord(f"test_it.py::{{name}}", "", Outcome.NOT_RUN, "SIGINT came first")
            for name in ("test_waits", "test_after")
        ]
        found = samples.session(*tests, state=State.{state}, sentence="S.", exit_code=2)
        return replace(found, checks=())
        """,
        f"--override-ini=junit_family={family}",
        tests=INTERRUPTED,
    )
    names = [one.get("name") for one in suite.iter("testcase")]
    own = "interrupted" if state == "INTERRUPTED" else "verdict"
    assert names == ["test_before", "test_waits", "test_after", own]
    for name in ("test_waits", "test_after"):
        found = case(suite, name).find(tag)
        assert found is not None
        assert found.get("message") == "not run: SIGINT came first"
        assert case(suite, name).get("classname") == "test_it"
    assert case(suite, own).find("error") is not None


def test_under_xdist_each_test_is_one_case(tmp_path: Path) -> None:
    suite = said(
        tmp_path,
        """
        from pytest_kubeflow.reporting.records.tests import Outcome, TestRecord
        if hasattr(session.config, "workerinput"):
            return samples.green()
        lost = TestRecord("test_it.py::test_after", "", Outcome.NOT_RUN, "the worker was killed")
        return samples.session(samples.passed("test_it.py::test_passes[x.y]", reruns=1), lost)
        """,
        "-n1",
        tests="""
        import os
        import pytest

        @pytest.mark.parametrize("text", ["x.y"])
        def test_passes(text):
            pass
        """,
    )
    names = [one.get("name") for one in suite.iter("testcase")]
    assert names == ["test_passes[x.y]", "test_after", "gateway", "store", "metadata"]
    assert properties(case(suite, "test_passes[x.y]"))["kubeflow.reruns"] == "1"


def test_problems_are_red_without_a_test(tmp_path: Path) -> None:
    suite = said(
        tmp_path,
        """
        return samples.session(
            samples.passed(), problems=("only 1 tests ran: \\x00 <&>",), exit_code=1
        )
        """,
        "-k",
        "after",
    )
    failure = case(suite, "problems").find("failure")
    assert failure is not None
    assert failure.get("message") == "only 1 tests ran: #x00 <&>"
