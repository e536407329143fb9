"""Settings go to the embedded cluster's process by its command line, and come out the same."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.local.__main__ import _parse
from pytest_kubeflow.local.settings import GatewaySettings

KINDS = {
    bool: st.booleans(),
    int: st.integers(0, 10**9),
    str: st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), max_size=20),
}


@given(
    st.fixed_dictionaries({one.name: KINDS[type(one.default)] for one in fields(GatewaySettings)})
)
def test_every_setting_arrives(chosen: dict[str, bool | int | str]) -> None:
    settings = GatewaySettings(**chosen)  # type: ignore[arg-type]
    options = _parse(settings.arguments())
    assert {name: getattr(options, name) for name in chosen} == chosen


def test_defaults_need_no_words() -> None:
    assert GatewaySettings().arguments() == []


def test_a_wrong_number_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        _parse(["--token-seconds=soon"])
    assert "--token-seconds: invalid int value: 'soon'" in capsys.readouterr().err
