"""What the tests of the volumes web app share: one volume whose viewer is open."""

import pytest

from pytest_kubeflow import AppVolume, VolumeCreator


@pytest.fixture(scope="session")
def browsed(shared_app_volume: VolumeCreator) -> AppVolume:
    """A claim that was made by the web app, with an open viewer."""
    made = shared_app_volume()
    made.open()
    return made
