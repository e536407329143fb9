"""A weakness of the platform that is known: red, unless the administrator accepts it."""

from __future__ import annotations

import pytest

TESTS = """
from pytest_kubeflow import known_weakness

def test_it(kf_config):
    known_weakness(kf_config, "model-registry-open", "a stranger reads m")
"""


def test_it_is_red_and_says_how_to_accept_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS)
    found = pytester.runpytest()
    found.assert_outcomes(failed=1)
    found.stdout.fnmatch_lines(
        ["*(26.03.1): whoever gets *: a stranger reads m; restrict it, or accept it with --kf-acc*"]
    )


def test_one_that_is_accepted_is_expected(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS)
    found = pytester.runpytest("--kf-accept=model-registry-open", "-rx")
    found.assert_outcomes(xfailed=1)
    found.stdout.fnmatch_lines(["XFAIL *accepted (--kf-accept=model-registry-open): the policy*"])


def test_another_is_no_name(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS)
    found = pytester.runpytest("--kf-accept=registry")
    found.stderr.fnmatch_lines(
        ["*--kf-accept: 'registry' *; valid: known weaknesses of model-registry-open*"]
    )
    assert found.ret == pytest.ExitCode.USAGE_ERROR
