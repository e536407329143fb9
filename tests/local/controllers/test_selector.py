"""Label selectors of objects, and as a query has them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.local.apiserver.selectors.parsing import parse_labels
from pytest_kubeflow.local.controllers.selector import selector_text, selects

NAMES = st.sampled_from(["app", "example.com/role", "tier"])
VALUES = st.sampled_from(["", "a", "b-1", "in", "notin"])
LABELS = st.dictionaries(NAMES, VALUES)
EXPRESSIONS = st.one_of(
    st.fixed_dictionaries(
        {
            "key": NAMES,
            "operator": st.sampled_from(["In", "NotIn"]),
            "values": st.lists(VALUES, min_size=1, max_size=3),
        }
    ),
    st.fixed_dictionaries({"key": NAMES, "operator": st.sampled_from(["Exists", "DoesNotExist"])}),
)
SELECTORS = st.fixed_dictionaries(
    {}, optional={"matchLabels": LABELS, "matchExpressions": st.lists(EXPRESSIONS, max_size=3)}
)


@given(SELECTORS, LABELS)
def test_the_query_finds_what_the_selector_matches(
    selector: dict[str, Any], labels: dict[str, str]
) -> None:
    assert parse_labels(selector_text(selector))(labels) is selects(selector, labels)
