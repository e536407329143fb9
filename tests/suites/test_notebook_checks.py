"""The checks of notebooks are red for what no fault of a cluster shows: wrong numbers, old SDKs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from pytest_kubeflow import JupyterWebApp, KubeflowConfig, Notebook, NotebookCreator, Outputs
from pytest_kubeflow.notebooks.spec import NewClaim, NotebookSpec
from pytest_kubeflow.notebooks.state import NotebookState
from pytest_kubeflow.webapps.errors import ServerRefused
from suites.notebooks import test_code as code_checks
from suites.notebooks import test_connect as connect_checks
from suites.notebooks import test_keeping as keeping_checks
from suites.notebooks import test_list as list_checks


class Fake:
    """A notebook in which all code gives these outputs."""

    name, namespace, path = "lab", "team", "/notebook/team/lab"
    claims = ("lab-workspace",)

    def __init__(self, outputs: Outputs | None = None, *, page: str = "") -> None:
        self._outputs = outputs or Outputs()
        self._page = page
        self.server = self
        mounts = {"/home/jovyan": NewClaim("1Gi")}
        self.state = NotebookState(NotebookSpec("image", mounts=mounts).manifest("lab", "team", {}))

    def execute(self, _code: str) -> Outputs:
        return self._outputs

    def page(self, _path: str) -> str:
        return self._page


def red(check: Callable[..., None], told: str, *arguments: Any) -> None:
    """The check fails, and says so."""
    with pytest.raises(AssertionError, match=told):
        check(*arguments)


def made(outputs: Outputs | None = None, *, page: str = "") -> Notebook:
    return cast(Notebook, Fake(outputs, page=page))


def test_code() -> None:
    red(code_checks.test_a_cell_computes, "42", made(Outputs(stdout="computed\n", result="41")))
    red(code_checks.test_a_cell_computes, "computed", made(Outputs(result="42")))
    old = made(Outputs(result="'1.8.22'"))
    red(code_checks.test_the_sdk_of_pipelines_is_there, r"kfp in the notebook is '1\.8", old)


def test_packages() -> None:
    check = code_checks.test_a_package_is_installed
    red(check, "pip in the notebook failed: 1  no space left", made(Outputs("1  no space left")))
    red(check, "assert", made(Outputs("0  ", result="'answer = 41\\n'")))
    with pytest.raises(pytest.skip.Exception, match="reaches no package index"):
        check(made(Outputs("1  ERROR: No matching distribution found for tomli-w")))


@pytest.mark.parametrize(
    ("wrote", "message"),
    [
        ("450 digits, accuracy 0.5000\n", "the model is right for 0.5000 of the digits only"),
        ("450 digits, accuracy 1.5000\n", "the model is right for 1.5000"),
        ("45 digits, accuracy 0.9500\n", "450"),
        ("", "no accuracy in what the notebook wrote: ''"),
    ],
)
def test_softmax(wrote: str, message: str) -> None:
    red(code_checks.test_softmax_learns_digits, message, made(Outputs(wrote)))


def test_pages() -> None:
    check = connect_checks.test_its_pages_are_below_its_path
    check(made(page='{"baseUrl": "/notebook/team/lab/"}'), "lab")
    red(check, "is a page with another base", made(page='{"baseUrl": "/"}'), "lab")


class Listing:
    """A web app whose list is given."""

    def __init__(self, *rows: dict[str, Any], status: int = 200) -> None:
        self._rows, self._status = rows, status
        self.asked = 0

    def notebooks(self, _namespace: str) -> list[dict[str, Any]]:
        self.asked += 1
        if self._status != 200 and self.asked > 1:
            raise ServerRefused("answers", status=self._status)
        return list(self._rows)


def listing(*rows: dict[str, Any], status: int = 200) -> JupyterWebApp:
    return cast(JupyterWebApp, Listing(*rows, status=status))


OWN = {"name": "lab", "image": "image", "volumes": ["lab-workspace"]}


def test_lists() -> None:
    check = list_checks.test_it_is_listed_with_its_image_and_its_claim
    check(made(), listing(OWN))
    red(check, "does not list Notebook lab", made(), listing())
    red(check, "assert", made(), listing({**OWN, "image": "another"}))
    red(check, "assert", made(), listing({**OWN, "volumes": []}))


def test_notebooks_by_hand() -> None:
    check = list_checks.test_one_that_was_written_by_hand_does_not_break_the_list
    other = Fake()
    other.name = "bare"
    creator = cast(NotebookCreator, lambda **_: other)
    config = KubeflowConfig()
    check(made(), creator, listing(OWN, {**OWN, "name": "bare"}), config)
    red(check, "assert", made(), creator, listing(OWN), config)
    with pytest.raises(pytest.xfail.Exception, match="a known fault of the web app"):
        check(made(), creator, listing(OWN, status=500), config)
    with pytest.raises(ServerRefused):
        check(made(), creator, listing(OWN, status=503), config)


def test_claims_elsewhere() -> None:
    check = keeping_checks.test_a_claim_beside_the_home_directory_is_told
    red(check, "no claim is mounted", made(), cast(NotebookCreator, lambda **_: Fake()))
