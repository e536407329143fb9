"""Variables in texts, loops, and what tasks wait for."""

from __future__ import annotations

import contextlib
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.local.argonames import node_id, pod_name
from pytest_kubeflow.local.workflows.dependencies import Dependencies
from pytest_kubeflow.local.workflows.errors import WorkflowError
from pytest_kubeflow.local.workflows.expansion import expand
from pytest_kubeflow.local.workflows.templating import PLACEHOLDER, replaced

KNOWN = {"inputs.parameters.x": 'say "hi"', "count": "2"}


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("a {{inputs.parameters.x}} b", 'a say "hi" b'),
        ("{{ count }}{{count}}", "22"),
        ("{{=asInt(count) + 1}}", "3"),
        ("{{=later + 1}}", "{{=later + 1}}"),
        ("{{later}}", "{{later}}"),
        ("no braces", "no braces"),
    ],
)
def test_what_is_known_is_put_in(text: str, made: str) -> None:
    assert replaced({"args": [text]}, KNOWN) == {"args": [made]}


def test_what_is_no_expression_is_refused_when_it_is_run() -> None:
    """Words of Argo 4.0.5; a value that is not known yet is no mistake."""
    found = re.escape(
        'failed to evaluate expression: unexpected token Operator("*") (1:4)\n | 1 +* 2'
    )
    with pytest.raises(WorkflowError, match=found):
        replaced({"args": ["{{=1 +* 2}}"]}, KNOWN)
    assert replaced("{{=1 +* 2}}", {"count": f"{PLACEHOLDER}1"}) == "{{=1 +* 2}}"
    assert replaced("{{=nope.x}} {{nope.x}}", KNOWN) == "{{=nope.x}} {{nope.x}}"


def test_what_has_to_be_known_and_is_not() -> None:
    with pytest.raises(WorkflowError, match=r"failed to resolve \{\{later\}\}"):
        replaced("{{later}}", KNOWN, strict=True)


@given(st.text(alphabet="a{}= ", max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(WorkflowError):
        assert isinstance(replaced(text, {"a": "b"}), str)


@pytest.mark.parametrize(
    ("loop", "names"),
    [
        ({"withItems": ["a", 2, {"k": "v", "a": 1}]}, ["t(0:a)", "t(1:2)", "t(2:a:1,k:v)"]),
        ({"withItems": ["two (2)"]}, ["t(0:two 2)"]),
        ({"withParam": '[1, "x", true]'}, ["t(0:1)", "t(1:x)", "t(2:true)"]),
        ({"withParam": "[]"}, []),
        ({"withSequence": {"count": "2", "format": "n%02d"}}, ["t(0:n00)", "t(1:n01)"]),
        ({"withSequence": {"start": "3", "end": "1"}}, ["t(0:3)", "t(1:2)", "t(2:1)"]),
        ({"withSequence": {"count": "0"}}, []),
    ],
)
def test_iterations_have_names(loop: dict[str, Any], names: list[str]) -> None:
    assert [one["name"] for one in expand({"name": "t", "template": "x", **loop})] == names


@pytest.mark.parametrize(
    ("loop", "message"),
    [
        ({"withParam": "nolist"}, "nolist: invalid character 'o' in literal null (expecting 'u')"),
        ({"withParam": "12abc"}, "12abc: invalid character 'a' after top-level value"),
        ({"withParam": "x"}, "x: invalid character 'x' looking for beginning of value"),
        ({"withParam": '{"a": 1}'}, "json: cannot unmarshal object into Go value of type []"),
        ({"withSequence": {"count": "x"}}, 'strconv.Atoi: parsing "x": invalid syntax'),
    ],
)
def test_what_is_no_list(loop: dict[str, Any], message: str) -> None:
    with pytest.raises(WorkflowError) as failed:
        expand({"name": "t", "template": "x", **loop})
    assert message in str(failed.value)


@pytest.mark.parametrize(
    ("task", "phases", "runs"),
    [
        ({"dependencies": ["a", "b"]}, {"a": "Succeeded", "b": "Running"}, None),
        ({"dependencies": ["a", "b"]}, {"a": "Succeeded", "b": "Skipped"}, True),
        ({"dependencies": ["a"]}, {"a": "Failed"}, False),
        ({"depends": "a.Failed"}, {"a": "Failed"}, True),
        ({"depends": "a || b"}, {"a": "Failed", "b": "Succeeded"}, True),
        ({"depends": "a && !b.Failed"}, {"a": "Succeeded", "b": "Failed"}, False),
        ({"depends": "a.Succeeded || a.Errored"}, {"a": "Error"}, True),
    ],
)
def test_what_a_task_waits_for(
    task: dict[str, Any], phases: dict[str, str], runs: bool | None
) -> None:
    tasks = [{"name": "t", **task}, *({"name": name} for name in phases)]
    nodes = {name: {"phase": phase, "type": "Pod"} for name, phase in phases.items()}
    found = Dependencies(tasks).verdict("t", nodes.get, lambda _: [])
    assert found is runs


def test_names_are_those_that_argo_gave() -> None:
    """As the real controller called them."""
    assert node_id("c-retry", "c-retry") == "c-retry"
    assert pod_name("c-dag", "c-dag.a", "say") == "c-dag-say-2435862090"
