"""Runs for sessions of samples: each with its pods' phases, outputs, logs."""

from __future__ import annotations

from pytest_kubeflow.reporting.records.runs import Phase, RunRecord, TaskEntry

BEGAN = 1_795_918_440.0  # 29 Nov 2026, 02:14 UTC


def task(
    name: str,
    start: float,
    took: float,
    *after: str,
    state: str = "SUCCEEDED",
    waited: float = 0.8,
    pulled: float = 1.2,
    **more: object,
) -> TaskEntry:
    """A task of a run; `start` is in seconds since the session's."""
    began = BEGAN + start
    end = began + waited + pulled + took
    is_dag = bool(more.get("is_dag"))
    phases = () if is_dag else _phases(began, waited, pulled, end)
    return TaskEntry(
        name,
        state,
        started=began,
        ended=end,
        after=after,
        within=name.rpartition("/")[0],
        phases=phases,
        **more,  # type: ignore[arg-type]
    )


def _phases(began: float, waited: float, pulled: float, end: float) -> tuple[Phase, ...]:
    return (
        Phase("waiting for a node", began, began + waited),
        Phase("starting", began + waited, began + waited + pulled),
        Phase("running", began + waited + pulled, end),
    )


def run(name: str, number: int, tasks: list[TaskEntry], **more: object) -> RunRecord:
    """A run with an id of its own."""
    run_id = f"{number:08x}-be7a-4f05-bb40-cccd9e08{number:04x}"
    return RunRecord(
        run_id=run_id,
        name=f"{name}-{0x145604E8 + 7919 * number:08x}",
        namespace="user-example",
        url=f"https://kubeflow.example.com/_/pipeline/?ns=user-example#/runs/details/{run_id}",
        state=str(more.pop("state", "SUCCEEDED")),
        tasks=tuple(tasks),
        **more,  # type: ignore[arg-type]
    )


def pythagorean(number: int, start: float) -> RunRecord:
    """Two squares, their sum, its root."""
    return run(
        "pythagorean",
        number,
        [
            task("square", start, 3.1, outputs={"Output": 9.0}),
            task("square-2", start + 0.2, 3.4, outputs={"Output": 16.0}),
            task("add", start + 7, 2.9, "square", "square-2", outputs={"Output": 25.0}),
            task("square-root", start + 13, 3.0, "add", outputs={"Output": 5.0}),
        ],
        outputs={"Output": 5.0},
    )


def loop(number: int, start: float) -> RunRecord:
    """A loop over three items between two tasks, with a branch that was not taken."""
    tasks = [task("count", start, 2.5, outputs={"Output": [1, 2, 3]})]
    for item in range(3):
        around = f"for-loop-1[{item}]"
        tasks += [
            task(around, start + 6, 9.0, "count", is_dag=True),
            task(f"{around}/double", start + 6.5, 2.2, outputs={"Output": 2 * item + 2}),
            task(
                f"{around}/tell",
                start + 11,
                1.9,
                "double",
                outputs={"Output": f"item {item + 1}"},
                is_cached=item == 2,
            ),
        ]
    tasks += [
        task("condition-1", start + 18, 0, "count", state="SKIPPED"),
        task("collect", start + 19, 3.0, *(f"for-loop-1[{item}]" for item in range(3))),
    ]
    return run("loop-and-branch", number, tasks)


def sort_csv(number: int, start: float, *, broken: bool) -> RunRecord:
    """Seeds a volume, sorts, writes out."""
    last = (
        task(
            "write-out",
            start + 16,
            2.1,
            "sort-numbers",
            state="FAILED",
            error="OSError: [Errno 5] Input/output error: '/data/output/sorted_numbers.csv'",
            log=(
                "[KFP Executor 2026-11-29 02:14:31,118 INFO]: Got executor_input\n"
                "reading /data/input_numbers.csv: 9 numbers\n"
                "Traceback (most recent call last):\n"
                '  File "/tmp/tmp.aR2/ephemeral_component.py", line 14, in write_out\n'
                "    file.write(line)\n"
                "OSError: [Errno 5] Input/output error: '/data/output/sorted_numbers.csv'\n"
            ),
        )
        if broken
        else task("write-out", start + 16, 2.1, "sort-numbers")
    )
    return run(
        "sort-csv",
        number,
        [
            task("seed", start, 2.0, waited=3.5, pulled=2.1),
            task(
                "sort-numbers",
                start + 8,
                4.2,
                "seed",
                outputs={"Output": 9},
                artifacts={"sorted": "system.Dataset s3://mlpipeline/v2/sorted {'rows': 9}"},
            ),
            last,
        ],
        state="FAILED" if broken else "SUCCEEDED",
    )


def iris(number: int, start: float, *, broken: bool) -> RunRecord:
    """Trains a model and deploys it."""
    return run(
        "iris-serving",
        number,
        [
            task("load", start, 2.2, artifacts={"data": "system.Dataset s3://mlpipeline/v2/iris"}),
            task("train", start + 6, 11.0, "load", pulled=9.0, outputs={"accuracy": 0.9737}),
            task("evaluate", start + 29, 3.0, "train", "load", outputs={"accuracy": 0.9737}),
            task(
                "deploy",
                start + 36,
                120.0 if broken else 14.0,
                "evaluate",
                "train",
                state="FAILED" if broken else "SUCCEEDED",
                error="predictor never made a pod: failed calling webhook" if broken else "",
            ),
        ],
        state="FAILED" if broken else "SUCCEEDED",
    )
