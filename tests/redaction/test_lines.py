"""Values that go on in the next line are looked for where the ends of lines are gone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.redaction.known import _LINE_END, _joined


@given(st.text(alphabet="\\\r\n \tab") | st.integers(60, 70).map(lambda n: f"a\n{' ' * n}\n \tb"))
def test_joining_takes_what_the_expression_finds(text: str) -> None:
    assert _joined(text) == _LINE_END.sub("", text)
