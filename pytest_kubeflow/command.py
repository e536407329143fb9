"""`pytest-kubeflow ARGS`: pytest with the shipped suites, as `python -m pytest_kubeflow.command`.

It is `pytest --pyargs pytest_kubeflow.suites ARGS`, with the suites of --kf-suites or KF_SUITES in
place of all, and with tests that ARGS name by --pyargs in place of both.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise

_ALL = "pytest_kubeflow.suites"
_OPTION, _VARIABLE = "--kf-suites", "KF_SUITES"

_IMPORTED = "Module already imported so cannot be rewritten; pytest_kubeflow"
_QUIET = ("-W", f"ignore:{_IMPORTED}:pytest.PytestAssertRewriteWarning")
"""The package of this module is that of the plugin; its own file has no assertion."""


def main() -> int:
    """The program; its exit code is pytest's."""
    import pytest

    return int(pytest.main([*_QUIET, *arguments(sys.argv[1:], os.environ)]))


def arguments(given: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """What pytest is given."""
    if "--pyargs" in given:
        return list(given)
    named = list(_named(given)) or [environment.get(_VARIABLE, "")]
    suites = dict.fromkeys(one.strip() for text in named for one in text.split(",") if one.strip())
    return ["--pyargs", *([f"{_ALL}.{one}" for one in suites] or [_ALL]), *given]


def _named(given: Sequence[str]) -> list[str]:
    """The values of the option, in both of its spellings."""
    values = [one.partition("=")[2] for one in given if one.startswith(f"{_OPTION}=")]
    following = pairwise(given)
    return values + [value for one, value in following if one == _OPTION]


if __name__ == "__main__":
    sys.exit(main())
