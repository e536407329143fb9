"""A notebook opens for its owner at its own path, and for nobody else."""

import pytest

from pytest_kubeflow import (
    AccountToken,
    Callers,
    CallerSession,
    Deadline,
    KubeflowConfig,
    Notebook,
    wait_until,
)

from ..access.endpoints import AS_JSON, Endpoint

pytestmark = pytest.mark.kf_requires("notebooks")


@pytest.fixture
def owner(callers: Callers) -> CallerSession:
    """Ourselves, at the gateway."""
    return callers.owner()


def status(notebook: Notebook) -> str:
    """A path at which its server says since when it runs."""
    return f"{notebook.path}/api/status"


def allows(notebook: Notebook, caller: CallerSession) -> None:
    """Ask as its owner. Fails if they are refused."""
    reply = caller.get(status(notebook), headers=AS_JSON)
    message = f"Notebook {notebook.name} does not open for {caller.name}: {reply}"
    assert reply.status == 200, message
    assert isinstance(reply.json, dict), message
    assert "started" in reply.json, message


def endpoint(of: Notebook) -> Endpoint:
    """Its path, as whoever has to be sent away asks for it."""
    return Endpoint(f"Notebook {of.name}", status(of))


def test_strangers_are_refused_and_the_owner_gets_in(
    workbench: Notebook, owner: CallerSession, callers: Callers
) -> None:
    """A notebook opens for its owner, and not without credentials."""
    allows(workbench, owner)
    endpoint(workbench).refuses(callers.anonymous())
    allows(workbench, owner)


def test_tokens_of_accounts_are_refused_and_the_owner_gets_in(
    workbench: Notebook,
    owner: CallerSession,
    callers: Callers,
    own_account: AccountToken,
    foreign_account: AccountToken,
) -> None:
    """A notebook opens for its owner, and for no service account.

    The profile's own default-editor works in the web app, and is not let into notebooks.
    """
    allows(workbench, owner)
    for account, whose in ((own_account, "our account"), (foreign_account, "another profile's")):
        caller = callers.bearer(account.token, f"{whose} {account.user}")
        endpoint(workbench).refuses(caller, known=True)
    allows(workbench, owner)


@pytest.mark.parametrize("page", ["lab", "tree"])
def test_its_pages_are_below_its_path(workbench: Notebook, page: str) -> None:
    """JupyterLab's pages have the notebook's path as their base."""
    found = workbench.server.page(f"/{page}?")
    where = f"/{page} of Notebook {workbench.name}"
    assert f'"baseUrl": "{workbench.path}/"' in found, (
        f"{where} is a page with another base than {workbench.path}/: {found[:300]!r}"
    )


def test_the_web_app_says_that_it_is_ready(workbench: Notebook, kf_config: KubeflowConfig) -> None:
    """The web app shows a running notebook as ready.

    Its status is what people see in the list; it may come a moment after the server.
    """
    found = wait_until(
        lambda: workbench.processed_status,
        lambda told: told.get("phase") == "ready",
        deadline=Deadline.after(min(30, kf_config.session.timeout)),
        what=f"the web app to say that Notebook {workbench.name}, which responds, is ready",
    )
    assert found["message"]
    assert workbench.state.ready_replicas == 1
