"""What others write reaches the terminal as text: nothing in it moves, colours or answers."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.errors import Evidence, KubeflowError, WaitTimeout
from pytest_kubeflow.plain_text import plain
from pytest_kubeflow.response_text import words_of

CODES = (
    "\x1b[31m",
    "\x1b[38;5;196m",
    "\x1b[2J",
    "\x1b[3A",
    "\x1b[?25l",
    "\x1b]0;a title\x07",
    "\x1b]52;c;Y29weQ==\x1b\\",
    "\x1b]8;;http://example.net\x1b\\",
    "\x1bPq#0~\x1b\\",
    "\x1b_private\x1b\\",
    "\x1b(0",
    "\x1bc",
    "\x9b31m",
    "\x9d0;title\x9c",
    "\x07",
    "\x08",
    "\x7f",
    "\x00",
)
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
WORDS = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1)


@given(st.text())
def test_no_control_character_is_left(text: str) -> None:
    found = plain(text)
    assert not CONTROL.search(found)
    assert plain(found) == found


@given(st.lists(st.tuples(WORDS, st.sampled_from(CODES))))
def test_the_words_between_codes_are_kept(pieces: list[tuple[str, str]]) -> None:
    assert plain("".join(word + code for word, code in pieces)) == "".join(
        word for word, _ in pieces
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("10 %\r20 %\r\ndone\r", "10 %\n20 %\ndone\n"),
        ("a\tb\nc", "a\tb\nc"),
        ("\x1b[31", ""),
        ("half \x1b", "half "),
        ("\x1b]0;no end\nthe next line\x07", "0;no end\nthe next line"),
    ],
)
def test_what_has_no_end_and_returns(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize("code", CODES)
def test_errors_and_servers_words_have_none(code: str) -> None:
    evidence = Evidence(f"a{code}b", ((f"c{code}d", f"e{code}f\n{code}g"),))
    for error in (
        KubeflowError(f"x{code}y", evidence=evidence),
        WaitTimeout(f"x{code}y", state="", evidence=evidence),
    ):
        assert str(error) == "xy\nab\n--- cd\nef\ng"
        assert error.args == ("xy",)
    assert words_of(json.dumps({"message": f"no{code}t"})) == "not"
    assert words_of(f"no{code}t") == "not"
