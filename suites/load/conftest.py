"""The one load that all tests look at."""

import pytest

from pytest_kubeflow import Load, LoadTest

from .pipelines import doubling


@pytest.fixture(scope="session")
def load(load_test: LoadTest) -> Load:
    """Runs of one task, each with a number of its own."""
    return load_test(doubling, arguments=lambda number: {"number": number})
