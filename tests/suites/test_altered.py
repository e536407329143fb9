"""Answers that are changed on their way to the suites redden the test that reads them.

One session sees many changes: each test's run is altered in a way of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.local.endpoints import Endpoints
from tests.chaos.records import artifact_metadata
from tests.suites.altering_proxy import Alteration, AlteringProxy, altering
from tests.suites.red.pipelines import (
    ARTIFACTS,
    BRANCHES,
    CLEANED_UP,
    EVERY_TASK,
    PARAMETERS,
    PUBLIC,
)
from tests.suites.red.volumes import SORTED
from tests.suites.test_red import run_pytest

HYPOTENUSE = "pipelines/test_pythagorean.py::test_hypotenuse"
ENDED = r"run \S+ ended SUCCEEDED, but "
OTHER = r"run \S+ is not the one that was submitted: "


def named(execution: Any) -> str:
    return str(execution.custom_properties["task_name"].string_value)


def iteration(execution: Any) -> int | None:
    properties = execution.custom_properties
    # Reading a missing key of a protobuf map would add it.
    return properties["iteration_index"].int_value if "iteration_index" in properties else None


def state(task: str, number: int) -> Alteration:
    """ML Metadata tells another state of a task, by its number there."""

    def change(executions: list[Any]) -> list[Any]:
        for one in executions:
            if named(one) == task:
                one.last_known_state = number
        return executions

    return Alteration(executions=change)


def dropped(unwanted: Callable[[Any], bool]) -> Alteration:
    """ML Metadata does not know some executions."""
    return Alteration(executions=lambda found: [one for one in found if not unwanted(one)])


def all_cached(executions: list[Any]) -> list[Any]:
    for one in executions:
        if one.type == "system.ContainerExecution":
            one.last_known_state = 5
    return executions


def renamed(executions: list[Any]) -> list[Any]:
    for one in executions:
        if named(one) == "square-root":
            for name in ("task_name", "display_name"):
                one.custom_properties[name].string_value = "cube-root"
    return executions


def output(task: str, name: str, change: Callable[[Any], None]) -> Alteration:
    """ML Metadata tells another value of an output parameter."""

    def changed(executions: list[Any]) -> list[Any]:
        for one in executions:
            if named(one) == task:
                outputs = one.custom_properties["outputs"].struct_value
                change(outputs.fields[name])
        return executions

    return Alteration(executions=changed)


def add_one(value: Any) -> None:
    value.number_value += 1


def say_nothing(value: Any) -> None:
    value.string_value = ""


def failed_in_api(told: Any) -> None:
    for one in told["run_details"]["task_details"]:
        if one["display_name"] == "square-root":
            one["state"] = "FAILED"


def without_root(told: Any) -> None:
    """The spec of a pipeline that has one task less."""
    told["pipeline_spec"]["root"]["dag"]["tasks"].pop("square-root")


def other_image(told: Any) -> None:
    executors = told["pipeline_spec"]["deploymentSpec"]["executors"]
    executors["exec-square"]["container"]["image"] = "python:2.7"


def other_argument(told: Any) -> None:
    told["runtime_config"]["parameters"]["a"] += 1


def other_version(told: Any) -> None:
    told["pipeline_version_reference"]["pipeline_version_id"] = "another"


def artifacts_of_others(artifacts: list[Any]) -> list[Any]:
    for one in artifacts:
        one.uri = re.sub(r"/[0-9a-f-]{36}/", "/another-run/", one.uri)
    return artifacts


def first_for_second(path: str, told: Any) -> None:
    """The version that is uploaded second has the package of the first."""
    if "upload_version" in path:
        told["pipeline_spec"]["root"]["dag"]["tasks"]["square-root"] = {
            "componentRef": {"name": "comp-square"}
        }


def empty_list(path: str, told: Any) -> None:
    """No pipeline is listed."""
    if re.search(r"/pipelines\?", path):
        told.pop("pipelines", None)
        told.pop("total_size", None)


Act = dict[str, tuple[Alteration | Callable[[str, Any], None], str]]

ACTS: list[Act] = [
    {
        EVERY_TASK: (state("add", 4), f"{ENDED}task add is FAILED"),
        f"{HYPOTENUSE}[5-12-13]": (
            dropped(lambda one: named(one) == "square-root"),
            f"{ENDED}task square-root is missing",
        ),
        f"{HYPOTENUSE}[8-15-17]": (
            Alteration(executions=all_cached),
            f"{ENDED}task square was not run: its outputs are out of the cache",
        ),
        f"{HYPOTENUSE}[20-21-29]": (
            Alteration(run=without_root),
            rf"{OTHER}root.dag.tasks.square-root is missing",
        ),
        f"{HYPOTENUSE}[1-1-1.41421]": (
            Alteration(run=failed_in_api),
            f"{ENDED}task square-root is FAILED",
        ),
        BRANCHES: (
            dropped(lambda one: iteration(one) == 2),
            rf"{ENDED}iteration for-loop-1\[2\] is missing",
        ),
        PARAMETERS: (output("hand-on-2", "count", add_one), r"\{'count': 8\} != \{'count': 7\}"),
        ARTIFACTS: (Alteration(artifacts=lambda _: []), r"KeyError: 'points'"),
        CLEANED_UP: (output("tell", "Output", say_nothing), r"assert '' == 'cleaned up'"),
        PUBLIC: (first_for_second, r"version \S+ of pipeline \S+ is not what was uploaded: root"),
    },
    {
        EVERY_TASK: (dropped(lambda _: True), f"{ENDED}of its 4 tasks none is known"),
        f"{HYPOTENUSE}[5-12-13]": (
            Alteration(run=other_argument),
            rf"{OTHER}argument a is 6(\.0)?, not 5\.0",
        ),
        f"{HYPOTENUSE}[8-15-17]": (
            Alteration(executions=renamed),
            f"{ENDED}it ran a task cube-root, which its pipeline does not have",
        ),
        f"{HYPOTENUSE}[20-21-29]": (
            Alteration(run=other_image),
            rf'{OTHER}deploymentSpec\.executors\.exec-square\.container\.image is "python:2\.7"',
        ),
        f"{HYPOTENUSE}[1-1-1.41421]": (
            state("square", 6),
            f"{ENDED}task square is SKIPPED",
        ),
        BRANCHES: (
            dropped(lambda one: named(one) == "condition-branches-2"),
            f"{ENDED}.*task condition-branches-2 is missing",
        ),
        ARTIFACTS: (
            Alteration(artifacts=artifact_metadata("rows", 49)),
            r"assert \(49(\.0)?, 'y = 3 x \+ 2'\)",
        ),
        CLEANED_UP: (
            Alteration(run=lambda told: told["pipeline_spec"]["components"].popitem()),
            OTHER.replace(r"run \S+", r"run clean-up-after-failure-\S+"),
        ),
        SORTED: (output("sort-numbers", "Output", add_one), r"assert 11 == 10"),
        PUBLIC: (Alteration(run=other_version), f"{OTHER}it ran version another, not "),
    },
    {
        ARTIFACTS: (
            Alteration(artifacts=artifacts_of_others),
            r"/make-points/.*another-run",
        ),
        PUBLIC: (empty_list, r"assert \[\] == \["),
    },
]

ALTERED_TEST = {
    "loop-and-branch": BRANCHES,
    "passing-parameters": PARAMETERS,
    "passing-artifacts": ARTIFACTS,
    "clean-up-after-failure": CLEANED_UP,
    "sort-csv": SORTED,
}
SIDES = {3: EVERY_TASK} | {
    side: f"{HYPOTENUSE}[{name}]"
    for side, name in {5: "5-12-13", 8: "8-15-17", 20: "20-21-29", 1: "1-1-1.41421"}.items()
}


def chooser(act: Act) -> Callable[[str, Any, str], Alteration | None]:
    """Which run is altered how: by its pipeline; pythagorean by its side; versions all alike."""

    def choose(name: str, arguments: Any, _: str) -> Alteration | None:
        if name == "pythagorean":
            test = SIDES.get(arguments["a"], "")
        else:
            test = ALTERED_TEST.get(name, PUBLIC)
        change = act.get(test, (None, ""))[0]
        return change if isinstance(change, Alteration) else None

    return choose


@pytest.fixture(scope="module")
def cluster() -> Iterator[Endpoints]:
    with LocalKubeflow(multi_user=False) as running:
        yield running.endpoints


def session(cluster: Endpoints, act: Act, *, changes: bool) -> tuple[dict[str, str], str]:
    """A session of these tests, through a proxy that changes answers, or that does not."""
    documents = [one for one, _ in act.values() if not isinstance(one, Alteration)]
    proxy = AlteringProxy(
        cluster.host,
        chooser(act if changes else {}),
        documents[0] if changes and documents else None,
    )
    with altering(proxy) as url:
        options = [
            *(f"--kf-host={url}", "--kf-auth=anonymous", f"--kf-kubeconfig={cluster.kubeconfig}"),
            *(f"--kf-s3-endpoint={cluster.s3_endpoint}", "--kf-timeout=120"),
        ]
        return run_pytest(options, {}, list(act))


@pytest.mark.parametrize("number", range(len(ACTS)))
def test_each_change_is_noticed(cluster: Endpoints, number: int) -> None:
    outcomes, output = session(cluster, ACTS[number], changes=True)
    assert outcomes == dict.fromkeys(ACTS[number], "FAILED"), output
    summary = output.rpartition("short test summary info")[2]
    for test, (_, found) in ACTS[number].items():
        (line,) = (one for one in summary.splitlines() if one.startswith(f"FAILED suites/{test} "))
        assert re.search(found, line) or re.search(found, output), f"{test}: {found}\n{output}"


def test_nothing_is_noticed_where_nothing_is_changed(cluster: Endpoints) -> None:
    """The proxy is no reason to fail."""
    outcomes, output = session(cluster, ACTS[0], changes=False)
    assert set(outcomes.values()) == {"PASSED"}, output
