"""The real control plane that all tests here share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_kubeflow.local.network.machinenetwork import MachineNetwork
from tests.real.controlplane import ControlPlane
from tests.real.programs import NO_GO, build, have_go

_HERE = Path(__file__).parent
_FIRST = ("joined/test_suites.py", "joined/test_outage.py", "joined")
"""What takes longest comes first: with two workers the one has the suites, the other the rest."""


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What shares a cluster that has joined stays together; every other file is for itself.

    pytest-xdist deals out these groups (`--dist loadgroup`), in this order.
    """

    def place(item: pytest.Item) -> int:
        name = item.path.relative_to(_HERE).as_posix()
        return next((at for at, one in enumerate(_FIRST) if name.startswith(one)), len(_FIRST))

    ours = [item for item in items if item.path.is_relative_to(_HERE)]
    for item in ours:
        shared = 0 < place(item) < len(_FIRST)
        item.add_marker(pytest.mark.xdist_group("joined" if shared else item.path.stem))
    others = [item for item in items if not item.path.is_relative_to(_HERE)]
    items[:] = [*others, *sorted(ours, key=place)]


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
