"""Argo's names for nodes, as KFP 2.17 with its retry strategy makes them, and without it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.pipelines.tasks.node_names import NodeName, Role

ITEM = "iteration-iterations(1:1)(0).iteration-item(0)"
EXECUTOR = "system-container-executor"
CONTAINER_DRIVER = "system-container-driver"


@pytest.mark.parametrize(
    ("name", "template", "place", "role", "attempt"),
    [
        ("x(0).root", "root", "", Role.TASK, None),
        ("x(0).root(0)", "root", "", Role.TASK, 0),
        ("x(0).root-driver(0)", "system-dag-driver", "", Role.DRIVER, 0),
        ("x(0).root(0).add(0).executor(2)", "", "add", Role.EXECUTOR, 2),
        ("x(0).root(0).add(0).executor", "system-container-impl", "add", Role.EXECUTOR, None),
        ("x(0).root(0).add-driver(0)", CONTAINER_DRIVER, "add", Role.DRIVER, 0),
        ("x(0).root(0).add", EXECUTOR, "add", Role.TASK, None),
        ("x(0).root(0).in(0).add(0).executor(0)", "", "in/add", Role.EXECUTOR, 0),
        (f"x(0).root(0).loop(0).{ITEM}.add(0).executor(0)", "", "loop[1]/add", Role.EXECUTOR, 0),
        (f"x(0).root(0).loop(0).{ITEM}", "comp-loop", "loop[1]", Role.TASK, 0),
        ("x(0).root(0).loop(0).iteration-iterations(1:1)(0)", "c", "loop[1]", Role.FRAME, 0),
        ("x(0).root(0).loop(0).iteration-iterations", "c", "loop", Role.FRAME, None),
        ("x(0).root(0).loop(0).iteration-driver(0)", "system-dag-driver", "loop", Role.DRIVER, 0),
        (f"x(0).root(0).a(0).{ITEM}.b(0).{ITEM}.c(0)", EXECUTOR, "a[1]/b[1]/c", Role.TASK, 0),
        # The task of an exit handler is a hook of what it waits for, and stands beside it.
        ("x(0).root(0).handler-1.onExit(0)", "exit-hook-root-say", "", Role.FRAME, 0),
        ("x(0).root(0).handler-1.onExit(0).say(0).executor(0)", "", "say", Role.EXECUTOR, 0),
        ("x(0).root(0).in(0).h.onExit(0).say-driver(0)", "", "in/say", Role.DRIVER, 0),
        # Without a retry strategy.
        ("x.root.square-root.executor", "", "square-root", Role.EXECUTOR, None),
        ("x.root.loop.iteration-iterations(0:0).iteration-item.add.executor", "", "loop[0]/add",
         Role.EXECUTOR, None),
        # Names that mean something else where a template says so.
        ("x(0).root(0).executor", EXECUTOR, "executor", Role.TASK, None),
        ("x(0).root(0).train-driver", EXECUTOR, "train-driver", Role.TASK, None),
        ("x(0).root(0).train-driver-driver", CONTAINER_DRIVER, "train-driver", Role.DRIVER, None),
        ("x(0).root(0).createpvc(0)", CONTAINER_DRIVER, "createpvc", Role.TASK, 0),
        ("x(0).root(0).executor(0).executor(0)", "", "executor", Role.EXECUTOR, 0),
    ],
)  # fmt: skip
def test_a_name_is_a_place(
    name: str, template: str, place: str, role: Role, attempt: int | None
) -> None:
    found = NodeName.read(name, template)
    assert found is not None
    assert ("/".join(found.place), found.role, found.attempt) == (place, role, attempt)
    assert [one.partition("[")[0] for one in found.place] == list(found.path)


@pytest.mark.parametrize("name", ["", "x", "x(0)", "x.other", "x(0).other(0).add", "x.root.a b(c"])
def test_other_names_are_none_of_a_pipeline(name: str) -> None:
    assert NodeName.read(name) is None


@given(st.text(max_size=40))
def test_no_name_is_too_strange(name: str) -> None:
    found = NodeName.read(name)
    assert found is None or isinstance(found.place, tuple)
