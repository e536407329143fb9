"""The hook that makes of a failure that --kf-known lists a known one, and of a success a failure.

Errors of a teardown stay errors: what a list says of a test is no word on how it leaves a cluster.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

from pytest_kubeflow import options

if TYPE_CHECKING:
    from pytest_kubeflow.skipping.known import KnownFailures

KNOWN = "kf_known"
"""The attribute of a report with the entry, as text; plain, for pytest-xdist."""

_known_key = pytest.StashKey["KnownFailures"]()


def known_failures(config: pytest.Config) -> KnownFailures:
    """Those of this session, read once. Raises pytest.UsageError, of one line."""
    if _known_key not in config.stash:
        from pytest_kubeflow.errors import ConfigurationError
        from pytest_kubeflow.skipping.known import KnownFailures, read_known

        path = options.load(config).session.known
        try:
            config.stash[_known_key] = KnownFailures(read_known(path) if path else ())
        except ConfigurationError as error:
            raise pytest.UsageError(error.message) from None
    return config.stash[_known_key]


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Read the file before anything is done."""
    if not options.is_listing(session.config):
        known_failures(session.config)


# Inside the hook that judges skips: a skip that fails is no failure of the test.
@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Judge a test that is listed."""
    report = yield
    if report.when == "teardown" or (entry := known_failures(item.config).of(item.nodeid)) is None:
        return report
    if report.failed:
        report.outcome = "skipped"
        at = " in its set-up" if report.when == "setup" else ""
        report.wasxfail = f"{entry}{at}"
        setattr(report, KNOWN, str(entry))
    elif report.passed and report.when == "call" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"it no longer fails: remove {entry.place} ({entry})"
    return report
