"""What the tests of notebooks share: one notebook that a person could have made."""

from dataclasses import dataclass

import pytest

from pytest_kubeflow import KubeflowError, Notebook, NotebookCreator, begin


@dataclass
class Desk:
    """The notebook of all tests, or why there is none: that is not tried twice."""

    notebook: Notebook | None = None
    failure: KubeflowError | None = None
    is_ready: bool = False


@pytest.fixture(scope="session")
def desk(shared_notebook: NotebookCreator) -> Desk:
    """The notebook is asked for, and nobody has waited for it."""
    made = Desk()
    try:
        made.notebook = shared_notebook(wait=False)
    except KubeflowError as error:
        made.failure = error
    return made


@pytest.fixture(scope="session", autouse=True)
def _begun(request: pytest.FixtureRequest) -> None:
    """Ask for it before the first test, if it is needed: an image of gigabytes takes minutes.

    What goes wrong then is the matter of the test that needs it, which is told the same.
    """
    begin(request, ["desk"])


@pytest.fixture
def workbench(desk: Desk) -> Notebook:
    """A notebook with a new claim at its home directory, made by the web app and ready."""
    if desk.notebook is not None and not desk.is_ready and desk.failure is None:
        try:
            desk.notebook.wait_ready()
            desk.is_ready = True
        except KubeflowError as error:
            desk.failure = error
    if desk.failure is not None:
        raise desk.failure
    assert desk.notebook is not None
    return desk.notebook
