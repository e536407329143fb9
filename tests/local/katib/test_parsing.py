"""What parsers of the embedded Katib take, and that nothing makes them fail in another way."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    assert parse_text(line, ["loss"], []) == [MetricLog(ZERO, "loss", value)]


def test_a_line_may_begin_with_its_time() -> None:
    time = "2026-01-02T03:04:05.25+01:00"
    assert parse_text(f"{time} loss=1", ["loss"], []) == [MetricLog(time, "loss", "1")]


def test_without_the_objective_nothing_counts() -> None:
    found = [MetricLog(ZERO, "loss", "unavailable")]
    assert parse_text("accuracy=1", ["loss", "accuracy"], []) == found
    assert parse_json('{"accuracy": "1"}', ["loss", "accuracy"]) == found


def test_values_of_json_are_texts() -> None:
    text = '{"loss": "0.5", "timestamp": "2026-01-02T03:04:05Z"}\n\n{"loss": 0.4}\n'
    assert parse_json(text, ["loss"]) == [MetricLog("2026-01-02T03:04:05Z", "loss", "0.5")]


def test_seconds_of_json_are_read_as_katib_reads_them() -> None:
    (log,) = parse_json('{"loss": "1", "timestamp": 1638422847.25}', ["loss"])
    assert log.time == "2021-12-02T05:27:27.000000025Z"


@pytest.mark.parametrize("text", ["no json", "[1]", '"text"', "3", "NaN"])
def test_lines_that_are_no_objects(text: str) -> None:
    with pytest.raises(CollectError, match="failed to parse the json object"):
        parse_json(text, ["loss"])


@given(st.text(), st.lists(st.text(min_size=1), min_size=1, max_size=3))
def test_any_text_gives_values_of_the_metrics(text: str, metrics: list[str]) -> None:
    for log in parse_text(text, metrics, []):
        assert log.name in metrics
        normalised(log.time)


@given(st.lists(JSON), st.lists(st.text(min_size=1), min_size=1, max_size=3))
def test_any_json_gives_values_or_a_refusal(values: list[object], metrics: list[str]) -> None:
    text = "\n".join(json.dumps(one) for one in values)
    try:
        found = parse_json(text, metrics)
    except CollectError:
        return
    assert {one.name for one in found} <= set(metrics)


@given(st.binary(max_size=200))
def test_any_bytes_are_some_events_or_none(data: bytes) -> None:
    assert len(list(events(data))) <= len(data)
    framed = struct.pack("<QI", len(data), 0) + data + b"\0\0\0\0"
    assert len(list(events(framed))) <= 1


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
        ("1_0", None),
        (" 1", None),
        ("0x10", None),
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
