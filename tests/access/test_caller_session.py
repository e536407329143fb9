"""Replies: what counts as a refusal, and how it is shown."""

from __future__ import annotations

import pytest

from pytest_kubeflow.access.caller_session import Reply


@pytest.mark.parametrize(
    ("status", "target"),
    [
        (401, ""),
        (403, ""),
        (302, "/dex/auth?client_id=x"),
        (302, "https://kf.example/oauth2/start?rd=/"),
        (303, "https://accounts.example/realms/kf/protocol/openid-connect/auth?x=1"),
    ],
)
def test_refusals(status: int, target: str) -> None:
    assert Reply(status, "", "", target).is_refusal


@pytest.mark.parametrize(
    ("status", "target"),
    [(200, ""), (404, ""), (500, ""), (503, ""), (302, "/somewhere"), (301, "https://kf.example/")],
)
def test_other_answers_are_no_refusals(status: int, target: str) -> None:
    """A page that is not there and a server that fails do not show that somebody was refused."""
    assert not Reply(status, "", "", target).is_refusal


def test_it_is_shown_on_one_line() -> None:
    page = "<html><head><title>x</title></head><body><h1>Sign\nin</h1>" + "word " * 99
    shown = str(Reply(403, "text/html", page))
    assert shown.startswith("403: Sign in word")
    assert shown.endswith("...")
    assert "\n" not in shown
    assert str(Reply(302, "", "", "/dex/auth?secret=1")) == "302 to /dex/auth"
    assert "word" not in repr(Reply(403, "text/html", page))
