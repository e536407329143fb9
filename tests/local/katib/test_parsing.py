"""What parsers of the embedded Katib take, and that nothing makes them fail in another way."""

from __future__ import annotations

import io
import json
import struct
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.local.golang.regexp import GoPatternError, compile_pattern
from pytest_kubeflow.local.katib import gjson
from pytest_kubeflow.local.katib.collector.arguments import parse
from pytest_kubeflow.local.katib.collector.parsing import (
    CollectError,
    parse_json,
    parse_text,
)
from pytest_kubeflow.local.katib.collector.stopping import StopRule, StopRules
from pytest_kubeflow.local.katib.collector.tfevents import events, is_metric
from pytest_kubeflow.local.katib.observation import number, observation
from pytest_kubeflow.local.katib.observations import (
    MetricLog,
    ObservationLogs,
    TimeFormatError,
    normalised,
)

ZERO = "0001-01-01T00:00:00Z"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("loss=0.3", "0.3"),
        ("loss=.98", ".98"),
        ("loss = -7.53e-05", "-7.53e-05"),
        ("loss=1E0", "1E0"),
        ("epoch 3, loss=2, more", "2"),
        ("loss=none", ""),
    ],
)
def test_a_line_of_text(line: str, value: str) -> None:
    assert parse_text([line], ["loss"], []) == [MetricLog(ZERO, "loss", value)]


def test_a_line_may_begin_with_its_time() -> None:
    time = "2026-01-02T03:04:05.25+01:00"
    assert parse_text([f"{time} loss=1"], ["loss"], []) == [MetricLog(time, "loss", "1")]


def test_without_the_objective_nothing_counts() -> None:
    found = [MetricLog(ZERO, "loss", "unavailable")]
    assert parse_text(["accuracy=1"], ["loss", "accuracy"], []) == found
    assert parse_json(['{"accuracy": "1"}'], ["loss", "accuracy"]) == found


def test_values_of_json_are_texts() -> None:
    text = '{"loss": "0.5", "timestamp": "2026-01-02T03:04:05Z"}\n\n{"loss": 0.4}\n'
    assert parse_json(text.split("\n"), ["loss"]) == [
        MetricLog("2026-01-02T03:04:05Z", "loss", "0.5")
    ]


def test_seconds_of_json_are_read_as_katib_reads_them() -> None:
    (log,) = parse_json(['{"loss": "1", "timestamp": 1638422847.25}'], ["loss"])
    assert log.time == "2021-12-02T05:27:27.000000025Z"


@pytest.mark.parametrize("text", ["no json", "[1]", '"text"', "3", "NaN"])
def test_lines_that_are_no_objects(text: str) -> None:
    with pytest.raises(CollectError, match="failed to parse the json object"):
        parse_json([text], ["loss"])


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("loss=0.5\r\nloss=0.25\r\n", ["0.5", "0.25"]),
        ("step 1: loss=0.5\rstep 2: loss=0.25", ["0.5", "0.25"]),
        ("\x1b[32mloss=0.5\x1b[0m", []),  # to Go, too, its name is 32mloss
        ("\x1b[32m loss=0.5\x1b[0m", ["0.5"]),
        ("train-loss=0.5 my_loss=1 loss2=3 loss|a=4", []),
        ("(loss=0.5)loss=0.25,loss=.1loss=9", ["0.5", "0.25", ".1", "9"]),
        ("loss = 0x10 loss=1_0", ["0", "1"]),
        ("loss=nan loss=inf loss=-inf loss=--1", ["", "", "-", "-"]),
        ("loss=\u0663 \u043floss=2", ["", "2"]),
        ("loss: 0.5", []),
        ("loss=0.5" + "\x00" * 3, ["0.5"]),
        ("", []),
    ],
)
def test_odd_lines(text: str, values: list[str]) -> None:
    found = [MetricLog(ZERO, "loss", one) for one in values or ["unavailable"]]
    assert parse_text(text.split("\n"), ["loss"], []) == found


def test_lines_of_a_megabyte_are_read_in_time() -> None:
    began = time.monotonic()
    lines = "loss" + "a" * 1_000_000, "loss=1" + " " * 1_000_000, "loss=2"
    assert [one.value for one in parse_text(lines, ["loss"], [])] == ["1", "2"]
    # A filter with which Python's own expressions take for ever.
    assert len(parse_text(["loss" + "a" * 100_000], ["loss"], [r"(((loss|a+)+)+)=(.*)"])) == 1
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("(?=a)(b)(c)", "invalid or unsupported Perl syntax: `(?=`"),
        ("(a", "missing closing ): `(a`"),
        ("a))", "unexpected ): `a))`"),
        ("[a", "missing closing ]: `[a`"),
        ("a{1001}", "invalid repeat count: `{1001}`"),
        (r"(a)\1", r"invalid escape sequence: `\1`"),
        ("a**", "invalid nested repetition operator: `**`"),
        ("*a", "missing argument to repetition operator: `*`"),
        ("[z-a]", "invalid character class range: `z-a`"),
        ("a\\", "trailing backslash at end of expression: ``"),
        ("(?P<n", "invalid named capture: `(?P<n`"),
    ],
)
def test_filters_that_go_does_not_take(text: str, words: str) -> None:
    with pytest.raises(GoPatternError) as refused:
        compile_pattern(text)
    assert str(refused.value) == f"error parsing regexp: {words}"
    with pytest.raises(CollectError, match="invalid filter"):
        parse_text(["loss=1"], ["loss"], [text])


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_filter_finds_groups_or_is_refused(pattern: str, text: str) -> None:
    try:
        found = [*compile_pattern(pattern).find_all(text)]
    except GoPatternError as error:
        assert str(error).startswith("error parsing regexp: ")  # noqa: PT017
        return
    assert all(groups[0] in text for groups in found)


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, '{"a":' * 100_000, '{"loss": 1e999}', f'{{"loss": {"9" * 5000}}}', "\r", "{]"],
)
def test_json_that_go_does_not_read(text: str) -> None:
    with pytest.raises(CollectError, match="failed to parse the json object"):
        parse_json([text], ["loss"])


def test_odd_json() -> None:
    lines = (
        '{"loss": "0.5"}\r',
        '{"loss": "1", "loss": "2"}',
        '{"metrics": {"loss": "3"}, "loss": null}',
        '{"loss": "\\ud800"}',
        "null",
        '{"loss": "nan", "timestamp": [1]}',
        '{"loss": "4", "timestamp": 1e300}',
        '{"loss": "5", "timestamp": true}',
    )
    found = parse_json(lines, ["loss"])
    assert [one.value for one in found] == ["0.5", "2", "\ufffd", "nan", "4", "5"]
    assert {one.time for one in found} == {ZERO}


@given(st.text(), st.lists(st.text(min_size=1), min_size=1, max_size=3))
def test_any_text_gives_values_of_the_metrics(text: str, metrics: list[str]) -> None:
    for log in parse_text(text.split("\n"), metrics, []):
        assert log.name in metrics
        normalised(log.time)


@given(st.lists(JSON), st.lists(st.text(min_size=1), min_size=1, max_size=3))
def test_any_json_gives_values_or_a_refusal(values: list[object], metrics: list[str]) -> None:
    text = "\n".join(json.dumps(one) for one in values)
    try:
        found = parse_json(text.split("\n"), metrics)
    except CollectError:
        return
    assert {one.name for one in found} <= set(metrics)


@given(st.binary(max_size=200))
def test_any_bytes_are_some_events_or_none(data: bytes) -> None:
    assert len(list(events(io.BytesIO(data)))) <= len(data)
    framed = struct.pack("<QI", len(data), 0) + data + b"\0\0\0\0"
    assert len(list(events(io.BytesIO(framed)))) <= 1


@pytest.mark.parametrize(
    ("tag", "metric", "file", "is_one"),
    [
        ("accuracy", "accuracy", "/log/train/events", True),
        ("accuracy_1", "accuracy", "/log/events", True),
        ("accuracy", "train/accuracy", "/log/train/events", True),
        ("accuracy", "test/accuracy", "/log/train/events", False),
        ("loss", "accuracy", "/log/events", False),
    ],
)
def test_tags_of_events(tag: str, metric: str, file: str, *, is_one: bool) -> None:
    assert is_metric(tag, metric, file) is is_one


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1.0),
        ("-.5e3", -500.0),
        ("+Inf", float("inf")),
        ("1e999", None),
        ("", None),
        ("unavailable", None),
        ("1_0", 10.0),
        ("1__0", None),
        ("_1", None),
        (" 1", None),
        ("0x10", None),
        ("0x_1p4", 16.0),
        ("-0x.8P1", -1.0),
        ("0x1p99999", None),
        ("+nan", None),
        ("1.", 1.0),
        ("\u0663", None),
    ],
)
def test_numbers(text: str, value: float | None) -> None:
    assert number(text) == value


@given(st.text(max_size=12))
def test_any_text_is_a_number_or_not(text: str) -> None:
    found = number(text)
    assert found is None or isinstance(found, float)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_as_they_are_written(value: float) -> None:
    assert number(str(value)) == value


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000Z"),
        ("2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05.123456Z"),
        ("2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05.000000Z"),
        (ZERO, "0001-01-01T00:00:00.000000Z"),
    ],
)
def test_times_in_the_table(text: str, stored: str) -> None:
    assert normalised(text) == stored


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    try:
        assert normalised(normalised(text)) == normalised(text)
    except TimeFormatError:
        return


def test_the_table_keeps_its_rows(tmp_path: Path) -> None:
    logs = ObservationLogs(tmp_path / "katib.db")
    times = ("2026-01-02T03:04:06Z", "2026-01-02T03:04:05.5Z")
    logs.add("a", [MetricLog(time, "loss", str(place)) for place, time in enumerate(times)])
    logs.add("b", [MetricLog(times[0], "loss", "9"), MetricLog("", "loss", "no time")])
    logs.close()
    again = ObservationLogs(tmp_path / "katib.db")
    assert [one.value for one in again.of("a")] == ["1", "0"]
    assert [one.value for one in again.of("a", start=times[0])] == ["0"]
    assert [one.value for one in again.of("a", end=times[1], metric="loss")] == ["1"]
    assert again.of("a", metric="accuracy") == []
    again.remove("a")
    assert (again.of("a"), [one.value for one in again.of("b")]) == ([], ["9"])
    again.close()


class Log:
    def __init__(self, value: str, time: str = ZERO) -> None:
        self.time_stamp = time
        self.metric = MetricLog(time, "loss", value)


def test_the_last_value_is_that_of_the_last_time() -> None:
    logs = [Log("3", "2026-01-02T03:04:05.5Z"), Log("x"), Log("1", "2026-01-02T03:04:05.25Z")]
    (metric,) = observation(logs, [{"name": "loss", "value": "min"}])["metrics"]
    assert metric == {"name": "loss", "min": "1", "max": "3", "latest": "3"}


def test_numbers_of_any_form_are_compared() -> None:
    logs = [Log(one) for one in ("1_0", "0x1p6", "nan", "-Inf", "1e1")]
    (metric,) = observation(logs, [{"name": "loss", "value": "max"}])["metrics"]
    assert (metric["min"], metric["max"], metric["latest"]) == ("-Inf", "0x1p6", "1e1")


CONDITIONS = {
    "status": {
        "conditions": [
            {"type": "Suspended", "status": "True"},
            {"type": "Complete", "status": "True", "reason": "Done"},
        ],
        "count": 3,
    }
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (
            'status.conditions.#(type=="Complete")#|#(status=="True")#',
            [{"type": "Complete", "status": "True", "reason": "Done"}],
        ),
        ('status.conditions.#(type=="Failed")#|#(status=="True")#', []),
        ('status.conditions.#(type=="Complete").reason', "Done"),
        ("status.conditions.#.type", ["Suspended", "Complete"]),
        ("status.conditions.#", 2),
        ("status.conditions.1.reason", "Done"),
        ('status.conditions.#(type%"Comp*")#.reason', ["Done"]),
        ("status.count", 3),
        ("status.gone", gjson.Missing),
        ("status.conditions.#(reason)#.type", ["Complete"]),
    ],
)
def test_paths_of_gjson(path: str, found: object) -> None:
    assert gjson.get(CONDITIONS, path) == found


@pytest.mark.parametrize("path", ["status.@reverse", "status.con*", "{a,b}", "!true", "a.#(b"])
def test_paths_that_are_not_understood_are_told(path: str) -> None:
    with pytest.raises(gjson.UnsupportedPathError, match="GJSON"):
        gjson.get({**CONDITIONS, "a": []}, path)


@given(JSON, st.text(alphabet='abc.#()|"=!<>%\\1 ', max_size=12))
def test_any_path_leads_somewhere_or_is_refused(value: object, path: str) -> None:
    try:
        gjson.get(value, path)
    except gjson.UnsupportedPathError:
        return


def rules(*texts: str, maximize: bool = True) -> StopRules:
    return StopRules(
        [StopRule.parse(one) for one in texts],
        objective="accuracy",
        maximize=maximize,
        patterns=None,
    )


def test_a_rule_looks_at_the_best_value_at_its_step_and_never_later() -> None:
    one = rules("accuracy;0.5;less;2")
    assert [one.reached(json.dumps({"accuracy": text})) for text in ("0.6", "0.1", "0.1")] == [
        False,
        False,
        False,
    ]
    two = rules("accuracy;0.5;less;2")
    assert [two.reached(json.dumps({"accuracy": text})) for text in ("0.4", "0.1")] == [False, True]


def test_all_rules_have_to_come_true() -> None:
    both = rules("accuracy;0.5;less;0", "loss;1;greater;0")
    assert not both.reached('{"accuracy": "0.1"}')
    assert both.reached('{"loss": "2"}')


@pytest.mark.parametrize("text", ["a;b", "accuracy;x;less;1", "accuracy;1;less;x", ""])
def test_rules_that_are_none(text: str) -> None:
    with pytest.raises(CollectError):
        StopRule.parse(text)


def test_arguments_as_the_webhook_writes_them() -> None:
    words = "-t t -m a;b -o-type minimize -s-db db:1 -path /x/y -format TEXT -w true"
    found = parse([*words.split(), "-f", "-([a]+) ([b]+)", "-stop-rule", "a;-1;less;2"])
    assert (found.metrics, found.maximize, found.endpoint) == (("a", "b"), False, "db:1")
    assert (found.filters, found.stop_rules) == (("-([a]+) ([b]+)",), ("a;-1;less;2",))


def test_other_arguments_are_refused() -> None:
    with pytest.raises(CollectError):
        parse(["-unknown", "x"])
