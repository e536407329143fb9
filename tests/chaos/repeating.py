"""A plugin of pytest: each test that is named in CHAOS_MUTATIONS is run once for each mutation.

Loaded by `-p tests.chaos.repeating`. The variable holds JSON: {test's id: [names of mutations]}.
The run that a repeated test declares is called as its mutation, by which a proxy knows it.
"""

from __future__ import annotations

import json
import os

import pytest

VARIABLE = "CHAOS_MUTATIONS"
_FIXTURE = "chaos_mutation"
_PIPELINE = "kf_pipeline"


@pytest.fixture
def chaos_mutation(request: pytest.FixtureRequest) -> str:
    """The name of what is changed in this test."""
    return str(request.param)


@pytest.hookimpl(trylast=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Once for each mutation of the test, or of one of its parameters."""
    nodeid = metafunc.definition.nodeid.removeprefix("suites/")
    wanted = json.loads(os.environ[VARIABLE])
    names = [
        name
        for test, mutations in wanted.items()
        if test.partition("[")[0] == nodeid
        for name in mutations
    ]
    metafunc.fixturenames.append(_FIXTURE)
    metafunc.parametrize(_FIXTURE, names, indirect=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the wanted pairs of parameter and mutation, and call their runs so."""
    wanted = json.loads(os.environ[VARIABLE])
    pairs = {f"{id_of(test, name)}" for test, names in wanted.items() for name in names}
    chosen = [item for item in items if item.nodeid.removeprefix("suites/") in pairs]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen
    for item in items:
        name = item.callspec.params[_FIXTURE]  # type: ignore[attr-defined]
        item.own_markers[:] = [
            pytest.Mark(_PIPELINE, mark.args, {**mark.kwargs, "name": name}, _ispytest=True)
            if mark.name == _PIPELINE
            else mark
            for mark in item.own_markers
        ]


def id_of(test: str, name: str) -> str:
    """The id of a test with a mutation: `test_x[name]`, or `test_x[parameter-name]`."""
    if test.endswith("]"):
        return f"{test[:-1]}-{name}]"
    return f"{test}[{name}]"
