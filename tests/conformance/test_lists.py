"""The lists of releases: each test there is one, is demanded by name, and the page tells of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_kubeflow.config.table import OPTIONS
from pytest_kubeflow.conformance.demands import demands, reference
from pytest_kubeflow.conformance.requirements import RELEASES, below_suites, requirements_of
from pytest_kubeflow.platform.releases import RELEASES as KUBEFLOWS

ROOT = Path(__file__).parents[2]
DIGESTS = {
    "1.9": "sha256:98fcb2e5cdbb0c07637c09452f898de224ab4220d134e6ee03865181de8e8ad7",
    "1.10": "sha256:ab5d04720a58cf9e7dfd683e0f8a2c0b7aa8b506ed9a05214cc45418618a2e01",
    "1.11": "sha256:6fa742d59b2f652145b1ff6a88ea4cbbeb13fca53b12e523abe6fabfc3ee9386",
    "26.03": "sha256:6b923d433e8b28debd30503b89ae8df363f6f4061943f9d187b88d7042cd6e10",
}
"""Of lists that were published. Who changes one makes each bundle of it worthless: add another."""


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The ids of all tests of the suites."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "--pyargs", "suites"],
        cwd=tmp_path_factory.mktemp("lists"),
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return {below_suites(line) for line in done.stdout.splitlines() if "::" in line}


@pytest.mark.parametrize("release", RELEASES)
def test_each_name_of_a_list_is_a_test(release: str, collected: set[str]) -> None:
    wanted = requirements_of(release).tests
    assert set(wanted) - collected == set()
    assert list(wanted) == sorted(set(wanted))
    assert len(wanted) > 100


@pytest.mark.parametrize("release", RELEASES)
def test_what_is_demanded_is_said(release: str) -> None:
    said = {f"{one.file}::{test}" for one in demands() for test in one.tests}
    assert {one.partition("[")[0] for one in requirements_of(release).tests} <= said


def test_nothing_is_said_that_no_list_has() -> None:
    listed = {
        one.partition("[")[0] for release in RELEASES for one in requirements_of(release).tests
    }
    for one in demands():
        assert one.sources
        assert all(source.startswith("https://") for source in one.sources)
        for test in one.tests:
            assert f"{one.file}::{test}" in listed


@pytest.mark.parametrize(
    ("release", "has", "has_not"),
    [
        ("1.9", "training/test_operator.py", "training/test_all_reduce.py"),
        ("1.10", "training/test_operator.py", "training/test_all_reduce.py"),
        ("1.11", "training/test_all_reduce.py", "training/test_operator.py"),
        ("26.03", "access/test_keys.py", "training/test_operator.py"),
        ("1.11", "training/test_all_reduce.py", "access/test_keys.py"),
        ("26.03", "training/test_all_reduce.py", "model_registry/"),
    ],
)
def test_a_list_demands_what_a_release_has(release: str, has: str, has_not: str) -> None:
    tests = requirements_of(release).tests
    assert any(one.startswith(has) for one in tests)
    assert not any(one.startswith(has_not) for one in tests)


def test_published_lists_do_not_change() -> None:
    assert {release: requirements_of(release).digest for release in RELEASES} == DIGESTS


def test_releases_are_known_everywhere() -> None:
    assert set(RELEASES) <= set(KUBEFLOWS)
    (option,) = (one for one in OPTIONS if one.name == "conformance")
    assert option.parser.valid == ", ".join(RELEASES)


def test_the_page_tells_of_each_demand() -> None:
    page = (ROOT / "docs/reference/conformance.md").read_text(encoding="utf-8")
    assert reference() in page, (
        "docs/reference/conformance.md is not what pytest_kubeflow.conformance.demands.reference() "
        "says: write its tables anew"
    )
