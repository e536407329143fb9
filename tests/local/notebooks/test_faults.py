"""Each fault of notebooks shows in what it is named after, and in nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from tests.local.notebooks.conftest import Notebooks
from tests.local.webapps.conftest import Person, eventually

WHERE = ("embedded-faults", "kube-system")

Fault = Callable[[str], AbstractContextManager[None]]


@pytest.fixture
def fault(notebooks: Notebooks) -> Fault:
    """Switches a fault on meanwhile."""

    @contextmanager
    def on(name: str) -> Iterator[None]:
        core = notebooks.core
        body = {"metadata": {"name": WHERE[0]}, "data": {name: "on"}}
        core.create_namespaced_config_map(WHERE[1], body)
        try:
            yield
        finally:
            core.delete_namespaced_config_map(*WHERE)

    return on


def test_an_open_gateway_lets_everybody_in(
    notebooks: Notebooks, owner: Person, other: Person, fault: Fault
) -> None:
    path = notebooks.path(notebooks.create())
    eventually(lambda: owner.ask("GET", path).text == path)
    nobody = Person(owner.url, "", "")
    with fault("notebook-open"):
        for person in (other, nobody):
            eventually(lambda person=person: person.ask("GET", path).text == path)  # type: ignore[misc]
    eventually(lambda: other.ask("GET", path).status_code == 403)
    assert nobody.ask("GET", path).status_code == 403


def test_a_notebook_that_never_gets_ready_runs(notebooks: Notebooks, fault: Fault) -> None:
    with fault("notebook-never-ready"):
        name = notebooks.create()
        eventually(
            lambda: (
                "running"
                in notebooks.get(name).get("status", {"containerState": ""})["containerState"]
            )
        )
        assert notebooks.get(name)["status"]["readyReplicas"] == 0
    notebooks.annotate(name, touched="yes")
    eventually(lambda: notebooks.is_ready(name))


def test_a_notebook_that_does_not_stop_says_that_it_should(
    notebooks: Notebooks, owner: Person, fault: Fault
) -> None:
    name = notebooks.create()
    path = notebooks.path(name)
    eventually(lambda: owner.ask("GET", path).text == path)
    with fault("notebook-not-stopped"):
        eventually(lambda: notebooks.core.read_namespaced_config_map(*WHERE) is not None)
        notebooks.annotate(name, kubeflow_resource_stopped="now")
        later = notebooks.create()
        eventually(lambda: notebooks.is_ready(later))
        assert len(notebooks.pods(name)) == 1
    notebooks.annotate(name, touched="yes")
    eventually(lambda: not notebooks.pods(name))


def test_a_wrong_prefix_is_that_of_the_pod(notebooks: Notebooks, fault: Fault) -> None:
    with fault("notebook-prefix"):
        name = notebooks.create()
        eventually(lambda: bool(notebooks.pods(name)))
        (pod,) = notebooks.pods(name)
        env = {one.name: one.value for one in pod.spec.containers[0].env}
        assert env["NB_PREFIX"] == "/"
