"""The real control plane that all tests here share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_kubeflow.local.network.machinenetwork import MachineNetwork
from tests.real.controlplane import ControlPlane
from tests.real.programs import NO_GO, build, have_go


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
