"""Pages that are generated are what the code says."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import yaml

from pytest_kubeflow.conformance.requirements import RELEASES, requirements_of
from pytest_kubeflow.platform.releases import RELEASES as KUBEFLOWS
from tests.docs.pages import FOLDER, GENERATED, page
from tests.docs.rights import rules_by_suite
from tests.docs.sentences import is_printed
from tests.docs.suite_tests import suite_tests


@pytest.mark.parametrize("name", GENERATED)
def test_a_page_is_up_to_date(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == page(name), (
        f"docs/reference/{name} is stale: python -m tests.docs.pages"
    )


def test_each_test_of_the_suites_says_what_it_proves() -> None:
    for one in suite_tests():
        assert re.fullmatch(r"\S.{10,110}\.", one.doc), f"{one.id} says {one.doc!r}"
        assert one.tiers, one.id


def test_each_test_of_a_conformance_list_is_there() -> None:
    there = {one.id for one in suite_tests()}
    listed = {one.partition("[")[0] for name in RELEASES for one in requirements_of(name).tests}
    assert listed <= there


def test_each_sentence_is_one_of_the_source() -> None:
    text = (FOLDER / "troubleshooting.md").read_text(encoding="utf-8").partition("## Settings")[2]
    cells = re.findall(r"^\| (`.+?) \|", text.partition("<!--")[0], re.MULTILINE)
    fragments = [one for cell in cells for one in re.findall(r"`([^`]+)`", cell)]
    assert len(fragments) > 50
    assert [one for one in fragments if not is_printed(one)] == []


def test_what_is_said_of_versions_is_what_ci_and_the_lists_have() -> None:
    text = (FOLDER / "versions.md").read_text(encoding="utf-8").partition("<!--")[0]
    root = FOLDER.parents[1]
    (python,) = re.findall(
        r'python-version: "(.+)"', (root / ".github/workflows/ci.yml").read_text()
    )
    assert f"| CPython {python} | in CI: " in text
    for minor in re.findall(r"Python :: (3\.\d+)", (root / "pyproject.toml").read_text()):
        assert re.search(rf"CPython .*{re.escape(minor)}", text), minor
    pinned = re.findall(
        r"kubernetes v(\d+\.\d+)", (root / "tests/real/go/kubernetes/go.mod").read_text()
    )
    assert f"| {pinned[0]} | supported | in CI" in text
    for release in (*KUBEFLOWS, *RELEASES):
        assert re.search(rf"^\| .*\b{re.escape(release)}\b", text, re.MULTILINE), release
    assert "tox run -e lowest" not in (root / ".ci/run").read_text()


def test_rights_are_those_that_the_command_prints() -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider"),
            *("--kf-manifests=rbac", "--kf-namespace=team", "--kf-suites=workflows"),
        ],
        cwd=FOLDER.parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    found = {
        (
            group,
            resource,
            one["kind"] == "ClusterRole",
            tuple(rule.get("resourceNames", ())),
        ): sorted(rule["verbs"])
        for one in yaml.safe_load_all(done.stdout)
        if one["kind"] in {"Role", "ClusterRole"}
        for rule in one["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    assert found == {key: sorted(verbs) for key, verbs in rules_by_suite()["workflows"].items()}


def test_each_suite_has_a_footprint() -> None:
    text = (FOLDER / "footprint.md").read_text(encoding="utf-8")
    measured = re.findall(r"^\| `(\w+)` \| .* Gi \|$", text, re.MULTILINE)
    assert measured == sorted(rules_by_suite())
