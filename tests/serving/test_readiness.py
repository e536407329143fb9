"""Waiting for a service ends when it is ready, or as soon as it is clear that it will not be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pytest_kubeflow.errors import Evidence, NotFound, WaitTimeout
from pytest_kubeflow.serving.errors import ServiceFailed
from pytest_kubeflow.serving.readiness import Look, Watch
from pytest_kubeflow.serving.state import ServiceState
from pytest_kubeflow.serving.workload import Workload
from pytest_kubeflow.waiting import Deadline

from .recorded import (
    BACK_OFF,
    FAILED_LOAD,
    NEW_URI,
    NO_RUNTIME,
    NOTHING,
    RAW_READY,
    STOPPED,
    UNKNOWN,
    changed,
    container,
    deployment,
    ended,
    pod,
    service,
)

READY = Workload([deployment()], [])
CRASHING = Workload(
    [deployment({"available": 0})],
    [pod(container("kserve-container", state=BACK_OFF, last=ended(1), restarts=1))],
)
SEEN = Evidence(
    "InferenceService team/iris",
    (("conditions", "..."), ("log of kserve-container", "Traceback\nKeyError: 255\n")),
)


def look(status: dict[str, Any] | None, workload: Workload = NOTHING, **options: Any) -> Look:
    return Look(ServiceState(service(status, **options)), workload)


class Clock:
    """Ten seconds go by from one look at it to the next."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 10.0
        return self.now


def wait(*looks: Look | Exception, seconds: float = 5.0) -> ServiceState:
    """Wait, seeing these one after the other, the last for ever."""
    left: Iterator[Look | Exception] = iter(looks)
    last: list[Look | Exception] = []

    def see() -> Look:
        last[:] = [next(left, last[0] if last else looks[0])]
        if isinstance(last[0], Exception):
            raise last[0]
        return last[0]

    watch = Watch("team/iris", see, lambda: SEEN, clock=Clock())
    return watch.until_ready(Deadline.after(seconds))


def test_from_nothing_to_ready() -> None:
    assert wait(look(None), look(UNKNOWN), look(RAW_READY, READY)).says_ready


def test_one_failure_that_mends_is_no_end() -> None:
    wait(look(UNKNOWN), look(FAILED_LOAD), look(UNKNOWN), look(FAILED_LOAD), look(RAW_READY, READY))


def test_ready_of_the_old_model_is_waited_out() -> None:
    rolling = Workload([deployment({"all": 2}, uri=NEW_URI)], [])
    done = Workload([deployment(uri=NEW_URI)], [])
    found = wait(
        look(RAW_READY, READY, uri=NEW_URI, generation=2),
        look(RAW_READY, rolling, uri=NEW_URI, generation=2),
        look(RAW_READY, done, uri=NEW_URI, generation=2),
    )
    assert found.storage_uri == NEW_URI


@pytest.mark.parametrize(
    ("last", "message"),
    [
        (look(UNKNOWN), "PredictorReady=Unknown"),
        (look(None), "is the KServe controller running"),
        (
            look(RAW_READY, Workload(None, None), generation=2),
            "its status is that of generation 1, wanted 2",
        ),
        (look(RAW_READY, READY, uri=NEW_URI), f"of another model than {NEW_URI}"),
    ],
    ids=["unknown", "no controller", "stale", "old model"],
)
def test_timeout_tells_the_last_state_and_the_evidence(last: Look, message: str) -> None:
    with pytest.raises(WaitTimeout) as timeout:
        wait(last, seconds=0.3)
    assert "timed out after 0.3 s waiting for InferenceService team/iris" in timeout.value.message
    assert message in timeout.value.state
    assert "KeyError: 255" in str(timeout.value)


@pytest.mark.parametrize(
    ("final", "message"),
    [
        (look(NO_RUNTIME), "NoSupportingRuntime: No runtime found"),
        (look(STOPPED), "stopped"),
        (look(RAW_READY, READY, deletionTimestamp="2026-03-01T12:00:00Z"), "being deleted"),
        (look(UNKNOWN, CRASHING), "kserve-container failed 2 times, the last time with exit code"),
        (look(FAILED_LOAD, CRASHING), "KServe says: ModelLoadFailed"),
        (look(FAILED_LOAD), "No model found in s3://models/iris"),
    ],
    ids=["no runtime", "stopped", "deleting", "crashing", "failed and crashing", "failed for long"],
)
def test_final_states_end_it_at_once(final: Look, message: str) -> None:
    with pytest.raises(ServiceFailed) as failure:
        wait(look(UNKNOWN), final)
    assert failure.value.message.startswith("InferenceService team/iris will not be ready: ")
    assert message in failure.value.message
    assert failure.value.message.endswith("it said last: KeyError: 255")
    assert failure.value.evidence is SEEN


def test_failure_of_an_older_spec_is_not_final() -> None:
    """The model was repaired; the status still tells of the broken one."""
    repaired = Workload([deployment(uri=NEW_URI)], [])
    stale = look(FAILED_LOAD, generation=2, uri=NEW_URI)
    ready = changed(RAW_READY, observedGeneration=2)
    wait(stale, stale, stale, look(ready, repaired, generation=2, uri=NEW_URI))


def test_deleted_while_waited_for() -> None:
    with pytest.raises(ServiceFailed, match="was deleted while it was waited for"):
        wait(look(UNKNOWN), NotFound("cannot read it: Kubernetes answers 404"))
