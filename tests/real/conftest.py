"""The real control plane that all tests here share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from pytest_kubeflow.local.network.machinenetwork import MachineNetwork
from tests.real.controlplane import ControlPlane
from tests.real.programs import NO_GO, build, have_go

_HERE = Path(__file__).parent
_FIRST = ("joined/test_suites.py", "joined/test_outage.py", "joined")
"""What takes longest comes first: with two workers the one has the suites, the other the rest."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes longest before the rest."""

    def place(item: pytest.Item) -> int:
        name = item.path.relative_to(_HERE).as_posix()
        return next((at for at, one in enumerate(_FIRST) if name.startswith(one)), len(_FIRST))

    ours = [item for item in items if item.path.is_relative_to(_HERE)]
    others = [item for item in items if not item.path.is_relative_to(_HERE)]
    items[:] = [*others, *sorted(ours, key=place)]


class ByCluster(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """What shares a cluster that has joined goes to one worker; every other file is for itself."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        folder, _, name = file.rpartition("/")
        return folder if folder.endswith("real/joined") and name != "test_suites.py" else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByCluster | None:
    """Take the place of `--dist loadfile`.

    Its groups (`--dist loadgroup`) are not those of pytest 9.2: pytest-xdist 3.8 writes them into
    the ids of tests, which are not read there any more.
    """
    return ByCluster(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def programs() -> Path:
    """The control plane's programs, built if the cache has none."""
    if not have_go():
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(f"{NO_GO}, and CI must not skip these tests")
        pytest.skip(NO_GO)
    return build()


@pytest.fixture(scope="session")
def control_plane(
    programs: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ControlPlane]:
    """A control plane without nodes; tests use namespaces of their own."""
    with ControlPlane(programs, tmp_path_factory.mktemp("control-plane")) as started:
        yield started


@pytest.fixture(scope="session")
def routable() -> None:
    """Skips what needs endpoints of pods where this machine lets nobody have their addresses."""
    try:
        MachineNetwork().close()
    except OSError as error:
        pytest.skip(f"pods have loopback addresses here, of which no endpoints are made: {error}")
