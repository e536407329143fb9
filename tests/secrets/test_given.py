"""Values of Secrets and ConfigMaps: how they are written, and that nothing shows them."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.redaction import Redactor
from pytest_kubeflow.secrets.given import GivenValues, content
from pytest_kubeflow.secrets.maker import GivenValuesMaker

OURS = Ownership("tests")
KEYS = st.text("abc.-_", min_size=1, max_size=5)
VALUES = st.dictionaries(KEYS, st.text() | st.binary(), max_size=4)


def plain(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


@given(VALUES)
def test_a_secret_holds_the_bytes(values: dict[str, str | bytes]) -> None:
    data = content("Secret", values)["data"]
    assert {key: base64.b64decode(value) for key, value in data.items()} == {
        key: plain(value) for key, value in values.items()
    }


@given(VALUES)
def test_a_config_map_holds_text_as_it_is_and_bytes_apart(values: dict[str, str | bytes]) -> None:
    made = content("ConfigMap", values)
    others = {key: base64.b64decode(value) for key, value in made["binaryData"].items()}
    assert {**made["data"], **others} == values
    assert not made["data"].keys() & others.keys()


@pytest.mark.parametrize("value", [1, None, ["a"], {"a": "b"}])
def test_other_types_are_refused(value: Any) -> None:
    kind = type(value).__name__
    with pytest.raises(ConfigurationError, match=f"'key' is of type {kind}"):
        content("Secret", {"key": value})


def test_nothing_shows_values() -> None:
    nobody: Any = None
    shown = GivenValues("Secret", "team", "mine", nobody)
    assert repr(shown) == "<Secret team/mine>"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"a": "planted\ud800"}, "the value of 'a' of a Secret has half a surrogate pair"),
        ({5: "planted"}, "a key of a Secret is text; 5 is none"),
        (["planted"], "the values of a Secret are a dictionary"),
        ({"a": 5}, "'a' is of type int"),
    ],
)
def test_what_is_none_is_told_before_it_is_masked_or_sent(values: Any, message: str) -> None:
    nobody: Any = None
    maker = GivenValuesMaker("Secret", nobody, "team", ownership=OURS, redactor=Redactor())
    with pytest.raises(ConfigurationError, match=message) as refused:
        maker(values)
    assert "planted" not in refused.value.message
    with pytest.raises(ConfigurationError, match=message):
        GivenValues("Secret", "team", "mine", nobody).replace(values)
    assert maker.made == []
