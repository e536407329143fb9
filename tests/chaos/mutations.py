"""The table of mutations: what is told falsely, to which test, and what that test has to say of it.

More are in tests/suites: faults of the embedded cluster (test_red.py), and answers about runs of
stand-alone pipelines (test_altered.py).
"""

from __future__ import annotations

import math
from typing import Any

from tests.chaos.mutation import Files, Mutation
from tests.chaos.objects import (
    StillListed,
    StillThere,
    content,
    flipped,
    halves_swapped,
    listing,
    longer,
    no_keys,
    one_key_more,
    one_pipeline,
    pipelines,
    taken,
    versions,
)
from tests.chaos.predictions import let_in, metadata, of_another_model, tensor
from tests.chaos.records import (
    FAILED,
    all_complete,
    another_id,
    artifact_metadata,
    failed,
    no_outputs,
    number,
    output,
    state,
    succeeded,
    swapped,
    swapped_iterations,
    twice,
    uris_swapped,
)
from tests.suites.red.objectstore import KEYS, LARGE, MODEL, STORED
from tests.suites.red.pipelines import (
    ARTIFACTS,
    BRANCHES,
    CLEANED_UP,
    EVERY_TASK,
    ORDERING,
    PARAMETERS,
    PRIVATE,
)
from tests.suites.red.serving import FROM_BUCKET, HEALTH, PROTOCOLS, STRANGERS
from tests.suites.red.volumes import SORTED

HYPOTENUSE = "pipelines/test_pythagorean.py::test_hypotenuse"
_BOOK = "order.txt"
_RESULT = "output/sorted_numbers.csv"
_INPUT = "input_numbers.csv"

_WHOLE = r"came back as 12582912 bytes"


def _lines(path: str, change: Any) -> Any:
    """Other lines in a file on the volume, where it is read."""

    def changed(files: Files) -> Files:
        data = files.get(path)
        if data is not None:
            files[path] = b"".join(change(data.splitlines(keepends=True)))
        return files

    return changed


def _listed(change: Any) -> Any:
    """Another list of files."""

    def changed(files: Files) -> Files:
        return change(files) if files and all(one is None for one in files.values()) else files

    return changed


def _text(value: str) -> Any:
    def change(told: Any) -> None:
        told.string_value = value

    return change


def _no_flag(told: Any) -> None:
    told.bool_value = False


def _reverse(told: Any) -> None:
    values = [*told.list_value.values][::-1]
    kept = [type(one).FromString(one.SerializeToString()) for one in values]
    del told.list_value.values[:]
    told.list_value.values.extend(kept)


def _other_ratio(told: Any) -> None:
    told.struct_value.fields["größe"].number_value = 1.25


def _smaller(claim: Any) -> None:
    claim["status"]["capacity"] = {"storage": "1Mi"}


def _no_pipelines(told: dict[str, Any]) -> None:
    told.pop("pipelines", None)
    told.pop("total_size", None)


def _one_version(told: dict[str, Any]) -> None:
    _first_page(told)
    told["total_size"] = 1


def _first_page(told: dict[str, Any]) -> None:
    """And nothing about a next one."""
    told["pipeline_versions"] = told["pipeline_versions"][:1]


RUNS = [
    Mutation(
        "outputs-of-two-tasks-swapped",
        EVERY_TASK,
        r"assert 16.0 == 9.0",
        executions=swapped("square", "square-2"),
    ),
    Mutation(
        "failure-told-as-success",
        EVERY_TASK,
        r"has 0 output parameters",
        code=("return x**0.5", "raise SystemExit(3)"),
        run=succeeded,
        executions=all_complete,
    ),
    Mutation("success-told-as-failure", EVERY_TASK, r"FAILED", run=failed),
    Mutation(
        "other-code-ran",
        EVERY_TASK,
        r"assert 26.0 == 25.0",
        code=("return x + y", "return x + y + 1"),
    ),
    Mutation("not-a-number", EVERY_TASK, r"assert nan == 25.0", executions=number("add", math.nan)),
    Mutation(
        "a-little-more",
        EVERY_TASK,
        r"assert 25.0000001 == 25",
        executions=number("add", 25.0000001),
    ),
    Mutation("output-lost", EVERY_TASK, r"has 0 output parameters", executions=no_outputs("add")),
    Mutation("task-told-twice", EVERY_TASK, r"assert 26.0 == 25.0|twice", executions=twice("add")),
    Mutation("another-run-id", EVERY_TASK, r"answers with another run, 00000000-", run=another_id),
    Mutation(
        "result-rounded",
        f"{HYPOTENUSE}[5-12-13]",
        r"assert 13.001 == 13",
        executions=number("square-root", 13.001),
    ),
    Mutation(
        "record-of-another-run",
        f"{HYPOTENUSE}[8-15-17]",
        r"assert 5.0 == 17",
        other="a-little-more",
    ),
    Mutation(
        "outputs-of-iterations-swapped",
        BRANCHES,
        r"assert \[6, 4, 2\] == \[2, 4, 6\]",
        executions=swapped_iterations("double"),
    ),
    Mutation("sum-shifted", BRANCHES, r"assert 13 == 12", executions=number("add-up", 13)),
    Mutation(
        "failed-run-told-as-succeeded", CLEANED_UP, r"ended SUCCEEDED, not FAILED", run=succeeded
    ),
    Mutation(
        "exit-task-told-as-failed",
        CLEANED_UP,
        r"assert 'FAILED' == 'SUCCEEDED'",
        executions=state("tell", FAILED),
    ),
    Mutation(
        "text-of-exit-task-changed",
        CLEANED_UP,
        r"assert 'cleaned' == 'cleaned up'",
        executions=output("tell", _text("cleaned")),
    ),
    Mutation(
        "outputs-of-ordered-tasks-swapped",
        ORDERING,
        r"assert \['start', 'first'\] == \['start'\]",
        executions=swapped("sign", "sign-2"),
    ),
    Mutation(
        "text-trimmed",
        PARAMETERS,
        r"'text': ",
        executions=output("hand-on-2", _text("Übung"), "text"),
    ),
    Mutation(
        "flag-turned",
        PARAMETERS,
        r"\{'flag': False\} != \{'flag': True\}",
        executions=output("hand-on-2", _no_flag, "flag"),
    ),
    Mutation(
        "list-reversed",
        PARAMETERS,
        r"'items': \[\[4, 5\], None",
        executions=output("hand-on-2", _reverse, "items"),
    ),
    Mutation(
        "nested-number-changed",
        PARAMETERS,
        r"'größe': 1.25",
        executions=output("hand-on-2", _other_ratio, "mapping"),
    ),
    Mutation(
        "predictions-shifted",
        ARTIFACTS,
        r"assert 303.0 == 302",
        executions=number("predict", 303.0),
    ),
    Mutation("artifacts-swapped", ARTIFACTS, r"/make-points/' in ", artifacts=uris_swapped),
    Mutation(
        "metadata-of-another-model",
        ARTIFACTS,
        r"assert \(51(\.0)?, 'plain Python'\) == \(50",
        artifacts=artifact_metadata("points", 51),
    ),
    Mutation(
        "log-of-another-pod",
        ARTIFACTS,
        r"assert 'framework: plain Python' in ",
        log=lambda _: "framework: none\n",
    ),
]
"""About runs, their tasks, and what those returned."""

FILES = [
    Mutation(
        "file-in-another-order",
        ORDERING,
        r"assert \['start', 'second', 'first', 'third'\] == ",
        files=_lines(_BOOK, lambda lines: [lines[0], lines[2], lines[1], lines[3]]),
    ),
    Mutation(
        "last-line-of-file-lost",
        ORDERING,
        r"assert \['start', 'first', 'second'\] == \['start', 'first', 'second', 'third'\]",
        files=_lines(_BOOK, lambda lines: lines[:-1]),
    ),
    Mutation(
        "file-not-sorted",
        SORTED,
        r"assert '1\\n3\\n2",
        files=_lines(_RESULT, lambda _: [f"{n}\n".encode() for n in (1, 3, 2, 4, 5, 10, 9, 7, 8)]),
    ),
    Mutation(
        "line-of-file-missing",
        SORTED,
        r"assert '10\\n9\\n8\\n6\\n",
        files=_lines(_RESULT, lambda lines: lines[:3] + lines[4:]),
    ),
    Mutation(
        "line-of-file-twice",
        SORTED,
        r"assert '10\\n9\\n8\\n8\\n",
        files=_lines(_RESULT, lambda lines: [*lines[:3], lines[2], *lines[3:]]),
    ),
    Mutation(
        "input-file-changed",
        SORTED,
        r"assert '3\\n2\\n4",
        files=_lines(_INPUT, lambda lines: lines[1:]),
    ),
    Mutation(
        "file-not-listed",
        SORTED,
        r"assert \['input_numbers.csv'\] == \['input_numbers",
        files=_listed(lambda _: {_INPUT: None}),
    ),
    Mutation(
        "foreign-file-listed",
        SORTED,
        r"'foreign.csv'",
        files=_listed(lambda files: {**files, "foreign.csv": None}),
    ),
    Mutation(
        "log-of-another-task",
        SORTED,
        r"assert 'sorted numbers: 10,9,8,7,6,5,4,3,2,1' in ",
        log=lambda _: "sorted numbers: 1,2,3\n",
    ),
    Mutation(
        "claim-of-another-size",
        SORTED,
        r"volume \S+ has 1Mi, and 1Gi were asked for",
        claim=_smaller,
    ),
]
"""About volumes, and logs."""

OBJECTS = [
    Mutation("byte-of-artifact-flipped", STORED, r"assert '0,0", store=content(flipped)),
    Mutation("artifact-truncated", STORED, r"assert '0,0", store=content(lambda data: data[:-10])),
    Mutation("artifact-empty", STORED, r"assert '' == '0,0", store=content(lambda _: b"")),
    Mutation(
        "another-artifact", STORED, r"assert '0,1", store=content(lambda _: b"0,1\n1,2\n2,3\n")
    ),
    Mutation("list-empty", MODEL, r"assert \[\] == \['models", store=listing(no_keys)),
    Mutation(
        "foreign-object-listed",
        MODEL,
        r"model.json.copy",
        store=listing(one_key_more),
    ),
    Mutation("size-of-another", MODEL, r"assert \d+ == \d+", store=longer),
    Mutation(
        "older-content",
        MODEL,
        r'assert b\'\{"slope": 1.0',
        store=content(lambda _: b'{"slope": 1.0, "intercept": 2.0}'),
    ),
    Mutation("removed-object-listed", MODEL, r"== \[\]", store=StillThere()),
    Mutation("bit-of-weights-flipped", LARGE, _WHOLE, store=content(flipped)),
    Mutation("parts-of-weights-swapped", LARGE, _WHOLE, store=content(halves_swapped)),
    Mutation(
        "weights-truncated",
        LARGE,
        r"came back as 11534336 bytes",
        store=content(lambda data: data[: -(2**20)]),
    ),
    Mutation("foreign-keys-read", KEYS, r"who has wrong keys \w+", store=taken("GET")),
    Mutation("foreign-keys-write", KEYS, r"who has wrong keys \w+", store=taken("PUT")),
    Mutation("foreign-keys-list", KEYS, r"who has wrong keys \w+", store=taken("GET", listed=True)),
    Mutation(
        "object-overwritten",
        KEYS,
        r"assert b'overwritten' == b'for those",
        store=content(lambda _: b"overwritten"),
    ),
]
"""About the object store."""

UPLOADS = [
    Mutation("pipeline-not-listed", PRIVATE, r"assert \[\] == \['", api=pipelines(_no_pipelines)),
    Mutation(
        "pipeline-of-another-name",
        PRIVATE,
        r"assert 'another' == 'pythagorean",
        api=one_pipeline(lambda told: told.update(display_name="another")),
    ),
    Mutation(
        "pipeline-of-another-namespace",
        PRIVATE,
        r"assert 'kubeflow' == ",
        api=one_pipeline(lambda told: told.update(namespace="kubeflow")),
    ),
    Mutation(
        "version-not-listed",
        PRIVATE,
        r"Extra items in the right set|right set",
        api=versions(_one_version),
    ),
    Mutation(
        "next-page-dropped",
        PRIVATE,
        r"cannot list pipeline versions: the pipelines API gives 1 of 2, and no next page",
        api=versions(_first_page),
    ),
    Mutation("deleted-pipeline-listed", PRIVATE, r"== \[\]", api=StillListed()),
]
"""About uploaded pipelines."""

SERVING = [
    Mutation(
        "tensor-of-another-model",
        PROTOCOLS,
        r"assert \[\d.* == \[",
        predictor=tensor(lambda data: data[::-1]),
    ),
    Mutation("metadata-of-another-service", HEALTH, r"assert 'another' == ", predictor=metadata),
    Mutation(
        "predictions-of-another-model",
        FROM_BUCKET,
        r"assert \[\d.* == \[",
        predictor=of_another_model,
    ),
    Mutation("stranger-gets-predictions", STRANGERS, r"assert 200 in \{", predictor=let_in),
]
"""About predictors. Their model has to be trained, so the benchmark alone tries them."""

MUTATIONS = [*RUNS, *FILES, *OBJECTS, *UPLOADS]
