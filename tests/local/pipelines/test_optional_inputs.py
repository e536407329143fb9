"""Inputs that may be left out: of the run, of a nested pipeline, of a component."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local.pipelines.flows import optional
from tests.local.pipelines.member import Member


@pytest.mark.parametrize(
    ("arguments", "out"),
    [
        ({}, "by default|none"),  # the component's own default
        ({"text": "given"}, "given|none"),
        ({"text": ""}, "|none"),
        ({"text": "x", "number": 9}, "x|none"),
    ],
)
def test_what_is_left_out_has_its_default(
    member: Member, arguments: dict[str, Any], out: str
) -> None:
    records = member.succeed(optional, **arguments)
    assert records["inner/either"].outputs == {"out": out}
