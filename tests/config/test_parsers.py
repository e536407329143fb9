"""Texts become values, or ValueErrors and nothing else."""

from __future__ import annotations

import string
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_kubeflow.config import parsers as p
from pytest_kubeflow.config.table import OPTIONS

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
WEEK = 7 * 24 * 3600
NAME = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?", fullmatch=True)


@given(st.dictionaries(st.sampled_from(list(UNITS)), st.integers(0, 999), min_size=1))
def test_durations_add_up(parts: dict[str, int]) -> None:
    text = "".join(f"{number}{unit}" for unit, number in parts.items())
    seconds = sum(number * UNITS[unit] for unit, number in parts.items())
    if 0 < seconds <= WEEK:
        assert p.parse_duration(text) == pytest.approx(seconds)
    else:
        with pytest.raises(ValueError, match=text):
            p.parse_duration(text)


@given(st.floats(0.001, WEEK).map(lambda seconds: f"{seconds:.3f}"))
def test_plain_numbers_are_seconds(text: str) -> None:
    assert p.parse_duration(text) == float(text)


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "0s",
        "-5",
        "+5",
        "1e3",
        "inf",
        "nan",
        "1 h",
        "h",
        "5d",
        "1m1m",
        "169h",
        "\N{FULLWIDTH DIGIT ONE}s",
        "1h30",
        "",
    ],
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="^" + text.replace("+", r"\+")):
        p.parse_duration(text)


@given(
    st.sampled_from(["http", "https"]),
    NAME,
    st.none() | st.integers(1, 65535),
    st.lists(NAME, max_size=3),
    st.integers(0, 2),
)
def test_urls_lose_only_slashes(
    scheme: str, host: str, port: int | None, path: list[str], slashes: int
) -> None:
    url = f"{scheme}://{host}" + (f":{port}" if port else "") + "".join(f"/{one}" for one in path)
    assert p.parse_url(url + "/" * slashes) == url
    if path:
        with pytest.raises(ValueError, match=host):
            p.parse_endpoint(url)
    else:
        assert p.parse_endpoint(url + "/" * slashes) == url


@given(st.text(min_size=1), st.text(min_size=1), NAME)
def test_urls_with_credentials_are_refused(user: str, password: str, host: str) -> None:
    with pytest.raises(ValueError, match="@"):
        p.parse_url(f"https://{user}:{password}@{host}")


@pytest.mark.parametrize(
    "text",
    [
        "kubeflow.example.com",
        "ftp://kubeflow.example.com",
        "https://",
        "https:///path",
        "https://host:0",
        "https://host:70000",
        "https://host:port",
        "https://host/?a=b",
        "https://host/#/runs",
        "https://ho st",
        "https://[::1",
    ],
)
def test_what_is_no_url(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  urllib has words of its own for some
        p.parse_url(text)


FLAGS = ["true", "yes", "on", "1", "false", "no", "off", "0"]


@given(st.sampled_from(FLAGS), st.data())
def test_flags_in_any_case(word: str, data: st.DataObject) -> None:
    written = "".join(data.draw(st.sampled_from([one, one.upper()])) for one in word)
    assert p.parse_flag(written) is (word in {"true", "yes", "on", "1"})


@given(st.text().filter(lambda text: text.lower() not in FLAGS))
def test_what_is_no_flag(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  its text is the text itself
        p.parse_flag(text)


@given(st.lists(NAME, min_size=1), st.sampled_from([",", ", ", "\n"]))
def test_names_keep_their_order_once(names: list[str], between: str) -> None:
    found = p.names().parse(between.join(names), Path())
    assert found == tuple(dict.fromkeys(names))


@given(NAME)
def test_unknown_names_are_named(name: str) -> None:
    with pytest.raises(ValueError, match=f"^x{name}$"):
        p.names(["known"]).parse(f"known,x{name}", Path())


@given(st.text(string.ascii_lowercase + string.digits + "-", min_size=1, max_size=70))
@example("a" * 63)
@example("a" * 64)
def test_labels_are_those_of_kubernetes(text: str) -> None:
    if len(text) <= 63 and not text.startswith("-") and not text.endswith("-"):
        assert p.LABEL.parse(text, Path()) == text
    else:
        with pytest.raises(ValueError, match=text):
            p.LABEL.parse(text, Path())


def test_files_are_found_from_their_folder(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    assert p.FILE.parse("there", tmp_path) == tmp_path / "there"
    for name in ("not-there", "."):
        with pytest.raises(ValueError, match="there is no file"):
            p.FILE.parse(name, tmp_path)


@given(st.sampled_from([option.parser for option in OPTIONS]), st.text())
def test_parsers_raise_nothing_but_value_errors(parser: p.Parser, text: str) -> None:
    try:
        value = parser.parse(text, Path("/nowhere"))
    except ValueError:
        return
    assert value is not None


@given(st.text())
def test_a_host_is_local_or_has_a_host_name(text: str) -> None:
    try:
        host = p.HOST.parse(text, Path())
    except ValueError:
        return
    assert host == "local" or urlsplit(str(host)).hostname
