"""A notebook in a real browser: through the gateway's login, and a cell is run by clicking."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from pytest_kubeflow.cluster import connect
from pytest_kubeflow.cluster.embedded import with_endpoints
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.local.endpoints import Endpoints
from pytest_kubeflow.notebooks.creator import NotebookCreator
from pytest_kubeflow.notebooks.notebook import Notebook, NotebookAccess
from pytest_kubeflow.redaction import Redactor
from tests.browser.conftest import DEVICES
from tests.browser.screenshots import screenshot

NAMESPACE = "kubeflow-user-example-com"
CODE = "from sklearn.datasets import load_digits\n\nlen(load_digits().images)"
CELL: dict[str, Any] = {
    "cell_type": "code",
    "id": "c1",
    "metadata": {},
    "outputs": [],
    "execution_count": None,
}
DOCUMENT = {
    "cells": [{**CELL, "source": CODE}],
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}


@dataclass(frozen=True)
class Site:
    """A cluster, and a notebook in it."""

    endpoints: Endpoints
    notebook: Notebook


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with LocalKubeflow() as running:
        config = with_endpoints(KubeflowConfig(), running.endpoints)
        cluster = connect(config, ownership=Ownership("tests"), redactor=Redactor())
        notebook = NotebookCreator(NotebookAccess(cluster, NAMESPACE, timeout=300))()
        notebook.write("digits.ipynb", json.dumps(DOCUMENT))
        yield Site(running.endpoints, notebook)
        cluster.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    width, height, pixels = DEVICES["desktop"]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=pixels,
        reduced_motion="reduce",
    )
    context.set_default_timeout(120_000)
    yield context.new_page()
    context.close()


def test_a_cell_is_run_by_clicking(page: Page, site: Site) -> None:
    page.goto(f"{site.notebook.url}/lab/tree/digits.ipynb")
    # Nobody is logged in yet: what opens is the gateway's, then Dex'.
    if page.locator("input[type=password]").count() == 0:
        page.locator("button[type=submit], a[href*='/oauth2/start']").first.click()
    page.locator("input[name=login]").fill(site.endpoints.username or "")
    page.locator("input[type=password]").fill(site.endpoints.password or "")
    page.locator("button[type=submit]").click()

    # JupyterLab, at the notebook's own path.
    page.wait_for_url("**/lab/tree/digits.ipynb*")
    cell = page.locator(".jp-Notebook .jp-CodeCell").first
    expect(cell).to_be_visible(timeout=120_000)
    # What is run before the kernel has answered is dropped.
    state = page.locator("#jp-bottom-panel")
    expect(state).to_contain_text("| Idle", timeout=120_000)
    cell.locator(".cm-content").click()
    page.get_by_role("button", name="Run this cell and advance").click()
    output = cell.locator(".jp-OutputArea-output").last
    expect(output).to_have_text("1797", timeout=120_000)
    expect(cell.locator(".jp-InputPrompt")).to_have_text("[1]:")
    screenshot(page, "notebook-light-desktop.png")


def test_a_stranger_sees_the_login_and_no_notebook(page: Page, site: Site) -> None:
    page.goto(f"{site.notebook.url}/lab")
    expect(page.locator("body")).not_to_contain_text("Python 3")
    assert page.locator(".jp-LabShell").count() == 0
