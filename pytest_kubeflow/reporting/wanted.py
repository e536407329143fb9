"""Whether records are wanted at all: asking for them costs requests."""

from __future__ import annotations

import pytest

from pytest_kubeflow import options


def is_reported(config: pytest.Config) -> bool:
    """Whether a file is written that has room for records, so that they are worth the asking."""
    others = ("htmlpath", "xmlpath", "allure_report_dir")
    if any(config.getoption(one, None) for one in others):
        return True
    return options.load(config).reporting.wants_records
