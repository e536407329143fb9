"""Metrics of a session, for the textfile collector of Prometheus' node exporter.

`prometheus_client` writes the text format and escapes in it. What it does not do is to refuse two
samples with the same labels, over which the collector drops the whole file: samples are kept by
their labels here.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from pytest_kubeflow.reporting.records.session import SessionRecord, State
from pytest_kubeflow.reporting.records.tests import KNOWN, Outcome
from pytest_kubeflow.reporting.records.trend import NO_TREND, Trend

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

PREFIX = "kubeflow_acceptance"
"""What the names of all metrics begin with."""

_LONGEST = 200


def render(record: SessionRecord, trend: Trend = NO_TREND) -> str:
    """The file's text. Each metric has the labels `gateway` and `target` (empty without one)."""
    from prometheus_client import generate_latest

    return generate_latest(_Session(record, trend)).decode()


class _Session:
    """What `generate_latest` asks for metrics."""

    def __init__(self, record: SessionRecord, trend: Trend) -> None:
        self._record = record
        self._trend = trend
        self._cluster = {"gateway": record.gateway, "target": record.target}

    def collect(self) -> Iterator[Metric]:
        """All of them."""
        record, trend = self._record, self._trend
        yield self._gauge(
            "verdict",
            "1 for the state that the last session gave the cluster, 0 for all others.",
            _states({}, record.verdict.state),
        )
        yield self._gauge(
            "component_state",
            "1 for the state of each component, 0 for all others.",
            (
                sample
                for one in record.verdict.components
                for sample in _states({"component": one.name}, one.state)
            ),
        )
        counts = record.counts()
        yield self._gauge(
            "tests",
            "Tests by how they ended.",
            (({"outcome": one.value.replace(" ", "_")}, counts.get(one, 0)) for one in Outcome),
        )
        yield self._gauge(
            "known_failures",
            "Tests that failed as a list of known failures says.",
            [({}, sum(test.cause == KNOWN for test in record.tests))],
        )
        yield self._gauge(
            "preflight_checks",
            "Checks of the preflight by how they ended.",
            (
                ({"state": state.replace(" ", "_")}, count)
                for state, count in Counter(check.state for check in record.checks).items()
            ),
        )
        yield self._gauge(
            "test_duration_seconds",
            "How long each test took that ran.",
            (
                ({"test": test.nodeid, "component": test.component}, test.seconds)
                for test in record.tests
                if test.outcome not in {Outcome.SKIPPED, Outcome.NOT_RUN}
            ),
        )
        yield self._gauge(
            "tests_slower_than_usual",
            "Tests that took longer than usual.",
            [({}, len(trend.slow))],
        )
        left = Counter((one.kind, one.kept) for one in record.left)
        yield self._gauge(
            "leftovers",
            "Objects that the session made and that are still there, by kind.",
            (
                ({"kind": kind, "kept": str(kept).lower()}, count)
                for (kind, kept), count in left.items()
            ),
        )
        yield self._gauge("duration_seconds", "How long it took.", [({}, record.seconds)])
        yield self._gauge("exit_code", "Its exit code.", [({}, record.exit_code)])
        yield self._gauge(
            "last_run_timestamp_seconds", "When it ended, since the epoch.", [({}, record.ended)]
        )
        yield self._gauge(
            "red_since_timestamp_seconds",
            "When the first of the unbroken line of red sessions began; absent if the last is not.",
            [] if trend.red_since is None else [({}, trend.red_since)],
        )
        yield self._gauge(
            "version_info",
            "1 for each version of what was tested and of what tested it.",
            (({"name": name, "version": found}, 1) for name, found in record.versions.items()),
        )

    def _gauge(
        self, name: str, help_text: str, samples: Iterable[tuple[Mapping[str, str], float]]
    ) -> Metric:
        from prometheus_client.metrics_core import Metric

        metric = Metric(f"{PREFIX}_{name}", help_text, "gauge")
        kept = {}
        for labels, value in samples:
            found = {key: _label(text) for key, text in {**self._cluster, **labels}.items()}
            kept[tuple(found.items())] = value
        for pairs, value in kept.items():
            metric.add_sample(metric.name, dict(pairs), value)
        return metric


def _states(labels: Mapping[str, str], found: State) -> Iterator[tuple[Mapping[str, str], float]]:
    """A state set: one sample for each state that there is."""
    for state in State:
        yield {**labels, "state": state.value}, state is found


def _label(text: str) -> str:
    """A label's value: as UTF-8 has it, and no longer than servers like them."""
    message = text.encode(errors="replace").decode()
    if len(message) <= _LONGEST:
        return message
    # Two long names may begin alike.
    return f"{message[:_LONGEST]}…{hashlib.sha256(message.encode()).hexdigest()[:8]}"
