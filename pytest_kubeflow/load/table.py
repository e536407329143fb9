"""A load as lines for people, against the time before."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.load.comparison import compare
from pytest_kubeflow.load.summary import LoadSummary

HEADING = ("seconds", "count", "p50", "p95", "p99", "longest", "p95 before")
NO_EARLIER = "no earlier load of {runs} runs on this cluster is known"
RESOLUTION = (
    "times of runs and pods are differences of whole seconds, as KFP and Kubernetes write them down"
)


def sentence_of(load: LoadSummary) -> str:
    """One line: how many, how they ended, how long it took, what was refused."""
    return (
        f"{load.submitted} of {load.runs} runs submitted in {load.submitting:.1f} s, "
        f"{load.succeeded} succeeded, {load.failed} did not; {load.seconds:.1f} s in all; "
        f"{load.refused} of {load.requests} requests refused; "
        f"{load.present} containers found their image on the node"
    )


def rows_of(load: LoadSummary, before: LoadSummary | None) -> Iterator[tuple[str, ...]]:
    """A row for each figure: name, count, percentiles, longest, and the earlier 95th percentile.

    The last column ends with the ratio of the two, where there is one.
    """
    for one in compare(load, before):
        now, earlier = one.now, ""
        if one.before is not None:
            ratio = "" if one.ratio is None else f" ({one.ratio:.2f}x)"
            earlier = f"{seconds(one.before.p95)}{ratio}"
        numbers = (now.p50, now.p95, now.p99, now.longest)
        yield (now.name, str(now.count), *map(seconds, numbers), earlier)


def lines_of(load: LoadSummary, before: LoadSummary | None) -> Iterator[str]:
    """All of it, for a terminal."""
    yield sentence_of(load)
    if load.stopped:
        yield f"ended early: {load.stopped}"
    rows = [HEADING, *rows_of(load, before)]
    if before is None:
        rows = [row[:-1] for row in rows]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        name, *numbers = (
            text.rjust(width) if at else text.ljust(width)
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join([name, *numbers]).rstrip()
    yield RESOLUTION
    if before is None:
        yield NO_EARLIER.format(runs=load.runs)


def seconds(value: float) -> str:
    """With as many places as its size makes sense of: "0.042", "1.30", "38.0"."""
    return f"{value:.3f}" if value < 1 else f"{value:.2f}" if value < 10 else f"{value:.1f}"
