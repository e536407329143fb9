"""What runs below an InferenceService: roll-outs of the wanted spec, and pods that are lost."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes.client import V1PodCondition

from pytest_kubeflow.serving.state import ServiceState
from pytest_kubeflow.serving.workload import MIN_SCALE, Workload

from .recorded import (
    BACK_OFF,
    CREATING,
    KNATIVE_READY,
    NEW_URI,
    OLD_RAW_READY,
    RAW_READY,
    RUNNING,
    URI,
    changed,
    container,
    deployment,
    ended,
    pod,
    service,
    typed,
)

SERVER = "kserve-container"
LOADER = "storage-initializer"


def waits_for(workload: Workload, status: dict[str, Any] = RAW_READY, **options: Any) -> str:
    return workload.waits_for(ServiceState(service(status, **options)))


def test_nothing_once_it_is_rolled_out() -> None:
    assert waits_for(Workload([deployment()], [])) == ""


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"generation": 2}, "deployment iris-predictor has a change that is not seen yet"),
        ({"updated": 0}, "0 of 1 pods of deployment iris-predictor are new"),
        ({"all": 2}, "deployment iris-predictor still has old pods: 1"),
        ({"available": 0}, "0 of 1 pods of deployment iris-predictor are there"),
        ({"wanted": 3, "updated": 2, "all": 3}, "2 of 3 pods of deployment iris-predictor are new"),
    ],
)
def test_ready_while_it_rolls_out_is_not_believed(numbers: dict[str, int], message: str) -> None:
    assert waits_for(Workload([deployment(numbers)], [])) == message


def test_scaled_to_zero_is_rolled_out() -> None:
    numbers = {"wanted": 0, "updated": 0, "all": 0, "available": 0}
    assert waits_for(Workload([deployment(numbers)], [])) == ""


@pytest.mark.parametrize("by_initializer", [False, True])
@pytest.mark.parametrize("status", [RAW_READY, OLD_RAW_READY])
def test_deployment_of_the_old_model_is_not_ready(
    status: dict[str, Any], by_initializer: bool
) -> None:
    """Before the controller has seen the update, all else looks ready."""
    old = deployment(by_initializer=by_initializer)
    found = waits_for(Workload([old], []), status, generation=2, uri=NEW_URI)
    assert found == f"the deployment is still that of another model than {NEW_URI}"


def test_observed_generation_of_the_deployment_is_no_obstacle() -> None:
    """KServe copies the Deployment's count: a change that leaves it alone does not raise it."""
    assert waits_for(Workload([deployment()], []), generation=7) == ""


@pytest.mark.parametrize(
    ("wanted", "least", "waits"), [(1, 2, True), (2, 2, False), (3, 2, False), (1, None, False)]
)
def test_fewer_pods_than_asked_for_prove_nothing(
    wanted: int, least: int | None, waits: bool
) -> None:
    mine = service(RAW_READY, generation=2)
    mine["spec"]["predictor"]["minReplicas"] = least
    numbers = {"wanted": wanted, "updated": wanted, "all": wanted, "available": wanted}
    found = Workload([deployment(numbers)], []).waits_for(ServiceState(mine))
    assert found == ("its status is that of generation 1, wanted 2" if waits else "")


@pytest.mark.parametrize(("scale", "waits"), [("0", True), ("1", False), (None, False)])
def test_revision_of_another_scale_proves_nothing(scale: str | None, waits: bool) -> None:
    """Between `scale` and the new revision, the old one looks as if it were what is wanted."""
    mine = service(changed(KNATIVE_READY, observedGeneration=1), generation=2)
    mine["spec"]["predictor"]["minReplicas"] = 1
    old = deployment(revision=ServiceState(mine).latest_created)
    old.metadata.annotations = {MIN_SCALE: scale} if scale is not None else None
    found = Workload([old], []).waits_for(ServiceState(mine))
    assert found == ("its status is that of generation 1, wanted 2" if waits else "")


@pytest.mark.parametrize(
    "workload",
    [Workload(None, None), Workload([], []), Workload([deployment(uri=None)], [])],
    ids=["not to be seen", "none", "tells no model"],
)
def test_stale_status_is_believed_where_nothing_else_tells(workload: Workload) -> None:
    assert waits_for(workload) == ""
    assert waits_for(workload, generation=2) == "its status is that of generation 1, wanted 2"


def test_custom_container_is_known_by_its_image() -> None:
    mine = service(RAW_READY, generation=4)
    mine["spec"] = {"predictor": {"containers": [{"image": "server:1"}]}}
    assert Workload([deployment(uri=None)], []).waits_for(ServiceState(mine)) == ""
    mine["spec"] = {"predictor": {"containers": [{"image": "server:2"}]}}
    assert "generation 1, wanted 4" in Workload([deployment(uri=None)], []).waits_for(
        ServiceState(mine)
    )


def test_knative_waits_for_the_newest_revision() -> None:
    predictor = {**KNATIVE_READY["components"]["predictor"]}
    predictor["latestCreatedRevision"] = "iris-predictor-00002"
    status = changed(KNATIVE_READY, components={"predictor": predictor})
    old = deployment(revision="iris-predictor-00001")
    new = deployment(uri=NEW_URI, revision="iris-predictor-00002")
    found = waits_for(Workload([old, new], []), status, uri=NEW_URI, generation=2)
    assert found == "revision iris-predictor-00002 is not ready yet"
    predictor["latestReadyRevision"] = "iris-predictor-00002"
    # The old revision's deployment carries the old model for ever.
    assert waits_for(Workload([old, new], []), status, uri=NEW_URI, generation=2) == ""


def test_transformers_have_no_say() -> None:
    other = deployment({"all": 2}, uri="s3://other/model")
    other.metadata.labels["component"] = "transformer"
    assert waits_for(Workload([deployment(), other], [])) == ""


def test_newest_pod_is_the_youngest_that_stays() -> None:
    old, young = pod(name="old", age=60), pod(name="young")
    leaving = pod(name="leaving", age=-5, deleted=True)
    newest = Workload([], [young, old, leaving]).newest
    assert newest is not None
    assert newest.metadata.name == "young"
    assert Workload([], []).newest is None


def test_best_pod_is_the_youngest_that_is_ready() -> None:
    old, ready, young = (
        pod(name=name, age=age) for name, age in (("old", 9), ("ready", 5), ("young", 1))
    )
    for one in (old, ready):
        one.status.conditions = [V1PodCondition(type="Ready", status="True")]
    best = Workload([], [young, ready, old]).best
    assert best is not None
    assert best.metadata.name == "ready"
    best = Workload([], [young, pod(name="other", age=5)]).best
    assert best is not None
    assert best.metadata.name == "young"
    assert Workload([], []).best is None


@pytest.mark.parametrize(
    "one",
    [
        pod(container(SERVER, state=CREATING), init=(container(LOADER, state=RUNNING),)),
        pod(container(SERVER, state=RUNNING)),
        pod(container(SERVER, state=ended(1))),
        pod(container(SERVER, state=RUNNING, last=ended(1), restarts=1)),
        pod(container(SERVER, state=BACK_OFF, last=ended(0), restarts=1)),
        pod(container(SERVER, state=RUNNING), init=(container(LOADER, state=ended(0)),)),
    ],
    ids=["loading", "running", "failed once", "second attempt", "ended well", "loaded"],
)
def test_there_is_hope(one: Any) -> None:
    assert Workload([], [one]).hopeless == ""


@pytest.mark.parametrize(
    ("one", "message"),
    [
        (
            pod(container(SERVER, state=BACK_OFF, last=ended(1), restarts=1)),
            "kserve-container failed 2 times, the last time with exit code 1 (Error)",
        ),
        (
            pod(container(SERVER, state=ended(137, "OOMKilled"), last=ended(137), restarts=1)),
            "kserve-container failed 2 times, the last time with exit code 137 (OOMKilled)",
        ),
        (
            pod(container(SERVER, state=RUNNING, last=ended(137, "OOMKilled"), restarts=2)),
            "kserve-container failed 2 times, the last time with exit code 137 (OOMKilled)",
        ),
        (
            pod(init=(container(LOADER, state=BACK_OFF, last=ended(1), restarts=3),)),
            "storage-initializer failed 4 times, the last time with exit code 1 (Error)",
        ),
        (
            pod(
                container(
                    SERVER,
                    state={"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}},
                )
            ),
            "kserve-container cannot start: ImagePullBackOff: no such image",
        ),
    ],
    ids=["crashes", "out of memory", "out of memory again", "no model", "no image"],
)
def test_there_is_no_hope(one: Any, message: str) -> None:
    healthy = pod(container(SERVER, state=RUNNING), name="old", age=100)
    assert Workload([], [healthy, one]).hopeless == message


def test_failures_of_the_old_pod_are_past() -> None:
    lost = pod(container(SERVER, state=BACK_OFF, last=ended(1), restarts=9), age=100)
    assert Workload([], [lost, pod(container(SERVER, state=RUNNING), name="new")]).hopeless == ""


def test_shares_are_those_of_revisions() -> None:
    predictor = {**KNATIVE_READY["components"]["predictor"]}
    predictor["traffic"] = [
        {"revisionName": "iris-predictor-00001", "percent": 80, "tag": "prev"},
        {"revisionName": "iris-predictor-00002", "percent": 20, "latestRevision": True},
        {"revisionName": "iris-predictor-00001", "percent": 0},
    ]
    state = ServiceState(service(changed(KNATIVE_READY, components={"predictor": predictor})))
    old = deployment(revision="iris-predictor-00001")
    new = deployment(uri=NEW_URI, revision="iris-predictor-00002")
    gone = deployment(uri="s3://gone/model", revision="iris-predictor-00000")
    assert Workload([gone, old, new], []).shares(state) == {URI: 80, NEW_URI: 20}


def test_shares_are_those_of_the_pods_that_are_ready() -> None:
    def serving(uri: str, *, ready: bool, component: str = "predictor") -> Any:
        loader = {"name": "storage-initializer", "image": "loader:1", "args": [uri, "/mnt/models"]}
        return typed(
            {
                "metadata": {"name": "a", "labels": {"component": component}},
                "spec": {"containers": [], "initContainers": [loader]},
                "status": {"conditions": [{"type": "Ready", "status": str(ready)}]},
            },
            "V1Pod",
        )

    state = ServiceState(service(RAW_READY))
    pods = [serving(URI, ready=True), serving(NEW_URI, ready=False)]
    other = serving("s3://other/model", ready=True, component="transformer")
    assert Workload([deployment(uri=NEW_URI)], [*pods, other]).shares(state) == {URI: 100}
    pods += [serving(NEW_URI, ready=True)]
    assert Workload([], pods).shares(state) == {URI: 50, NEW_URI: 50}
    assert Workload([], []).shares(state) == {}
    assert Workload(None, None).shares(state) == {}
