import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.pipelines.outputs.executor_log import executor_output

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
PREFIX = "I1124 02:00:00.123456       1 launcher_v2.go:1230] ExecutorOutput: "


@given(
    st.dictionaries(st.text(), JSON, max_size=4), st.text(max_size=30), st.sampled_from([None, 2])
)
def test_output_is_found_between_other_lines(
    value: dict[str, Any], before: str, indent: int | None
) -> None:
    log = f"{before}\n{PREFIX}{json.dumps(value, indent=indent)}\nI1124 more lines\n"
    assert executor_output(log) == value


@given(st.dictionaries(st.text(), JSON, min_size=1, max_size=3), st.data())
def test_cut_output_is_none(value: dict[str, Any], data: st.DataObject) -> None:
    text = json.dumps(value)
    assert executor_output(PREFIX + text[: data.draw(st.integers(0, len(text) - 1))]) == {}


@pytest.mark.parametrize("log", ["", "no output here", PREFIX, PREFIX + "[1]"])
def test_log_without_output(log: str) -> None:
    assert executor_output(log) == {}
