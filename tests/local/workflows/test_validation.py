"""What Argo refuses, with its own words; and what the embedded cluster does not run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_kubeflow.local.workflows.errors import WorkflowError
from pytest_kubeflow.local.workflows.support import unsupported
from pytest_kubeflow.local.workflows.validation import shape_error, validate, without_nulls

REFUSED: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("refused.yaml").read_text())
SAY = {"name": "say", "container": {"image": "busybox:1", "command": ["true"]}}
SENTENCE = ": leave it out, or run this Workflow on a cluster with Argo"


def complaint(spec: Any) -> str:
    """What is told of it."""
    if found := shape_error(spec):
        return f"cannot unmarshall spec: {found}"
    spec = without_nulls(spec)
    try:
        validate("name", spec, {}, {})
    except WorkflowError as error:
        return f"invalid spec: {error}"
    return ""


@pytest.mark.parametrize("case", REFUSED, ids=lambda one: str(one["told"])[-40:])
def test_argos_words(case: dict[str, Any]) -> None:
    assert complaint(case["spec"]) == case["told"]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"workflowTemplateRef": {"name": "x"}}, "workflowTemplateRef (spec.workflowTemplateRef)"),
        ({"synchronization": {"mutex": {"name": "x"}}}, "synchronization (spec.synchronization)"),
        ({"templates": [{"name": "say", "http": {"url": "x"}}]}, "http templates (spec.templat"),
        ({"templates": [{**SAY, "daemon": True}]}, "daemon containers (spec.templates[0]"),
        ({"templates": [{**SAY, "memoize": {"key": "x"}}]}, "memoize (spec.templates[0]"),
    ],
)
def test_what_is_not_run_is_told(change: dict[str, Any], what: str) -> None:
    found = unsupported({"entrypoint": "say", "templates": [SAY], **change})
    assert found.startswith(f"the embedded Kubeflow does not run {what}"), found
    assert found.endswith(SENTENCE)


KEYS = st.sampled_from(
    [
        *("entrypoint", "templates", "name", "dag", "tasks", "template", "steps", "container"),
        *("image", "command", "arguments", "parameters", "value", "withItems", "when", "inputs"),
        *("outputs", "artifacts", "valueFrom", "path", "onExit", "depends", "retryStrategy"),
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab{}. ", max_size=6),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(KEYS, JSON, max_size=4))
@settings(max_examples=300)
def test_anything_is_taken_or_refused_in_words(spec: dict[str, Any]) -> None:
    complaint(spec)
    if not shape_error(spec):
        unsupported(without_nulls(spec))
