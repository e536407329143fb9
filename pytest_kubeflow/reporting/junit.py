"""A test's runs as properties of its test case in JUnit XML."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from pytest_kubeflow.reporting.records.runs import RunRecord

PREFIX = "kubeflow.run"
"""What the names of our properties begin with."""


def properties(records: Sequence[RunRecord]) -> Iterator[tuple[str, str]]:
    """Names and values: "kubeflow.run.id" and so on, "kubeflow.run-2.id" for a second run.

    `outputs` is a JSON object of the pipeline's own outputs, `tasks` a JSON list of the table's
    lines: a loop has several of one name.
    """
    for number, record in enumerate(records, start=1):
        prefix = PREFIX if number == 1 else f"{PREFIX}-{number}"
        yield f"{prefix}.id", record.run_id
        yield f"{prefix}.name", record.name
        yield f"{prefix}.state", record.state
        yield f"{prefix}.url", record.url
        yield f"{prefix}.outputs", json.dumps(dict(record.outputs), ensure_ascii=False)
        tasks = [
            {
                "name": task.name,
                "state": task.state,
                "seconds": None if task.seconds is None else round(task.seconds, 3),
                "outputs": dict(task.outputs),
            }
            for task in record.tasks
        ]
        yield f"{prefix}.tasks", json.dumps(tasks, ensure_ascii=False)
        if record.gaps:
            yield f"{prefix}.gaps", "; ".join(record.gaps)
