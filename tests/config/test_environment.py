"""Names that look like ours: misspelt ones are told, those of others are not."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.config.environment import unknown_variables
from pytest_kubeflow.config.table import OPTIONS

KNOWN = [row.env for row in OPTIONS]


def told(*names: str) -> list[str]:
    return list(unknown_variables(names, KNOWN))


def test_misspelt() -> None:
    assert told("KF_HOTS", "PATH") == [
        "the environment variable KF_HOTS is not known, and ignored; did you mean KF_HOST?"
    ]
    assert told("KF_ZZZZZZ") == ["the environment variable KF_ZZZZZZ is not known, and ignored"]


@pytest.mark.parametrize(
    "name",
    [
        *KNOWN,
        "KF_PIPELINES_SA_TOKEN_PATH",
        "KF_GATEWAY_SERVICE_HOST",
        "KF_GATEWAY_SERVICE_PORT",
        "KF_GATEWAY_SERVICE_PORT_HTTP",
        "KF_GATEWAY_PORT",
        "KF_GATEWAY_PORT_80_TCP",
        "KF_GATEWAY_PORT_80_TCP_ADDR",
        "KFP_HOST",
    ],
)
def test_not_told(name: str) -> None:
    assert told(name) == []


@given(st.text(string.ascii_uppercase + "_", min_size=1, max_size=20))
def test_nothing_of_ours_is_dropped_in_silence(rest: str) -> None:
    name = f"KF_{rest}"
    others = rest.startswith("PIPELINES_") or "_PORT" in name or "_SERVICE_" in name
    assert others or bool(told(name)) == (name not in KNOWN)
