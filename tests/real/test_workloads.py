"""StatefulSets, Jobs and CronJobs become the same by our controllers as by those of Kubernetes.

The same objects are made on both, and pods report the same; what is there afterwards is compared,
field by field. Neither has a node: the test says how pods fare.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.local.faults import Faults
from tests.local.controllers.conftest import start
from tests.real.controlplane import ControlPlane
from tests.real.programs import CHOSEN

SECONDS = 90
UNPLACED = {"schedulerName": "nobody"}
"""No node gets these pods: one that joined this cluster for other tests may be left there."""

OF_A_CACHE = re.compile(r"(create Claim|failed to create PVC) data-s-0\b.*exceeded quota")
"""A real controller makes a claim once more that its copy of the cluster does not have yet."""
TIMES = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
DROPPED = {"managedFields", "resourceVersion", "uid", "creationTimestamp", "apiVersion", "kind"}
CLAIM = {
    "metadata": {"name": "data"},
    "spec": {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Mi"}},
        "storageClassName": "nothing-provisions-it",
    },
}
CONTROLLERS = {"statefulset-controller", "job-controller", "cronjob-controller"}
KINDS = {
    "statefulsets": "/apis/apps/v1",
    "controllerrevisions": "/apis/apps/v1",
    "jobs": "/apis/batch/v1",
    "cronjobs": "/apis/batch/v1",
    "pods": "/api/v1",
    "persistentvolumeclaims": "/api/v1",
    "resourcequotas": "/api/v1",
    "events": "/api/v1",
}


class Side:
    """One of the two clusters, and a namespace in it for one scenario."""

    def __init__(self, kubeconfig: Path) -> None:
        self._client = KubernetesClient(kubeconfig)
        self.namespace = f"t-{uuid.uuid4().hex[:8]}"
        self.call("POST", "/api/v1/namespaces", {"metadata": {"name": self.namespace}})
        self.until(lambda: self.items("serviceaccounts", "/api/v1"))

    def close(self) -> None:
        self._client.close()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        content = "application/merge-patch+json" if method == "PATCH" else "application/json"
        return self._client.core.api_client.call_api(
            path,
            method,
            body=body,
            header_params={"Content-Type": content, "Accept": "application/json"},
            auth_settings=["BearerToken"],
            response_type="object",
        )[0]

    def path(self, plural: str, *rest: str, root: str = "") -> str:
        root = root or KINDS[plural]
        return "/".join([f"{root}/namespaces/{self.namespace}/{plural}", *rest])

    def create(self, plural: str, name: str, spec: dict[str, Any]) -> None:
        self.call("POST", self.path(plural), {"metadata": {"name": name}, "spec": spec})

    def change(self, plural: str, name: str, **spec: Any) -> None:
        self.call("PATCH", self.path(plural, name), {"spec": spec})

    def items(self, plural: str, root: str = "") -> list[Any]:
        found: list[Any] = self.call("GET", self.path(plural, root=root))["items"]
        return found

    def status(self, plural: str, name: str) -> Any:
        return self.call("GET", self.path(plural, name)).get("status") or {}

    def pods(self) -> list[Any]:
        def place(pod: Any) -> Any:
            index = (pod["metadata"].get("annotations") or {}).get(
                "batch.kubernetes.io/job-completion-index", ""
            )
            return index, pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]

        alive = [one for one in self.items("pods") if not one["metadata"].get("deletionTimestamp")]
        return sorted(alive, key=place)

    def until(self, question: Callable[[], Any]) -> Any:
        ends = time.monotonic() + SECONDS
        while not (found := question()):
            if time.monotonic() > ends:
                there = json.dumps(self.everything(), indent=1, default=str)
                pytest.fail(f"it did not come true within {SECONDS} s; there is\n{there}")
            time.sleep(0.05)
        return found

    def pending(self, number: int = 1) -> list[Any]:
        """The pods that wait to run, once there are so many."""

        def found() -> list[Any]:
            waiting = [one for one in self.pods() if one["status"].get("phase") == "Pending"]
            return waiting if len(waiting) == number else []

        waiting: list[Any] = self.until(found)
        return waiting

    def report(self, pod: Any, phase: str, code: int | None = None) -> None:
        """What a kubelet would."""
        status: dict[str, Any] = {"phase": phase}
        ready = "True" if phase == "Running" else "False"
        status["conditions"] = [
            {"type": "Ready", "status": ready, "lastTransitionTime": "2026-01-01T00:00:00Z"}
        ]
        if code is not None:
            ended = {"exitCode": code, "finishedAt": "2026-01-01T00:00:00Z"}
            one = {"name": "main", "image": "a:1", "imageID": "", "ready": False}
            one |= {"restartCount": 0, "state": {"terminated": ended}}
            status["containerStatuses"] = [one]
        self.call("PATCH", self.path("pods", pod["metadata"]["name"], "status"), {"status": status})

    def serve(self, number: int) -> None:
        """Let so many members run, one after the other."""
        for _ in range(number):
            (pod,) = self.pending()
            self.report(pod, "Running")

    def condition(self, name: str, kind: str) -> None:
        """Wait for a Job's condition."""
        self.until(
            lambda: any(
                (one["type"], one["status"]) == (kind, "True")
                for one in self.status("jobs", name).get("conditions") or []
            )
        )

    def everything(self) -> dict[str, Any]:
        """All that is there, without what is another each time."""
        found: dict[str, Any] = {}
        alike: dict[str, list[Any]] = {}  # pods of a Job have the same name but for chance
        for plural in KINDS:
            for one in self.items(plural):
                if plural == "events":
                    is_ours = one["source"].get("component") in CONTROLLERS
                    if is_ours and not OF_A_CACHE.search(one["message"]):
                        key = f"event {one['type']} {one['reason']} {one['message']}"
                        found[self._plain(key)] = self._plain(one["involvedObject"]["name"])
                    continue
                name = one["metadata"]["name"]
                alike.setdefault(f"{plural} {self._plain(name)}", []).append(self._plain(one))
        for key, ones in alike.items():
            ones.sort(key=lambda one: json.dumps(one, sort_keys=True))
            found |= {f"{key} ({place})": one for place, one in enumerate(ones, 1)}
        return found

    def _plain(self, value: Any) -> Any:
        if isinstance(value, dict) and value.get("type") == "PodScheduled":
            return None  # the scheduler's, and it may be too late to say it
        if isinstance(value, dict):
            inner = {k: self._plain(v) for k, v in value.items() if k not in DROPPED}
            return {k: v for k, v in inner.items() if v not in (None, {}, [])}
        if isinstance(value, list):
            return [one for one in map(self._plain, value) if one is not None]
        if not isinstance(value, str):
            return value
        text = UID.sub("UID", TIMES.sub("TIME", value)).replace(self.namespace, "NAMESPACE")
        text = re.sub(r"kube-api-access-[a-z0-9]{5}", "kube-api-access-X", text)
        text = re.sub(r"\bc-\d{8}\b", "c-MINUTES", text)
        # The five characters at the end of a Job's pod.
        return re.sub(r"\b(j(?:-\d)?|c-MINUTES)-[bcdfghjklmnpqrstvwxz2456789]{5}\b", r"\1-X", text)


def members(image: str = "a:1", **spec: Any) -> dict[str, Any]:
    labels = {"app": "s"}
    container = {"name": "main", "image": image, "ports": [{"containerPort": 80}]}
    return {
        "serviceName": "s",
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {**UNPLACED, "containers": [container]},
        },
        **spec,
    }


def image(name: str) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "main", "image": name}]}}


def work(**spec: Any) -> dict[str, Any]:
    container = {"name": "main", "image": "a:1", "env": [{"name": "A", "value": "1"}]}
    template = {"spec": {**UNPLACED, "restartPolicy": "Never", "containers": [container]}}
    return {"template": template, **spec}


def ready(side: Side, number: int, name: str = "s") -> None:
    side.until(lambda: side.status("statefulsets", name).get("readyReplicas", 0) == number)


def ordered(side: Side) -> None:
    side.create("statefulsets", "s", members(replicas=3))
    side.serve(3)
    ready(side, 3)
    side.change("statefulsets", "s", replicas=1)
    side.until(lambda: side.status("statefulsets", "s").get("replicas") == 1)


def parallel(side: Side) -> None:
    spec = members(replicas=2, podManagementPolicy="Parallel", ordinals={"start": 4})
    side.create("statefulsets", "s", spec)
    for pod in side.pending(2):
        side.report(pod, "Running")
    ready(side, 2)


def partitioned(side: Side) -> None:
    side.create("statefulsets", "s", members(replicas=2))
    side.serve(2)
    ready(side, 2)
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
    side.change("statefulsets", "s", updateStrategy=strategy, template=image("a:2"))
    side.serve(1)
    side.until(lambda: side.status("statefulsets", "s").get("updatedReplicas") == 1)
    ready(side, 2)


def rolled(side: Side) -> None:
    side.create("statefulsets", "s", members(replicas=2))
    side.serve(2)
    ready(side, 2)
    side.change("statefulsets", "s", template=image("a:2"))
    side.serve(2)
    side.until(lambda: side.status("statefulsets", "s").get("currentReplicas") == 2)
    ready(side, 2)


def on_delete(side: Side) -> None:
    side.create("statefulsets", "s", members(updateStrategy={"type": "OnDelete"}))
    side.serve(1)
    side.change("statefulsets", "s", template=image("a:2"))
    side.until(lambda: side.status("statefulsets", "s").get("observedGeneration") == 2)
    side.call("DELETE", side.path("pods", "s-0"))
    side.serve(1)
    ready(side, 1)


def claims(side: Side) -> None:
    policy = {"whenDeleted": "Delete", "whenScaled": "Retain"}
    side.create(
        "statefulsets",
        "s",
        members(
            replicas=2, volumeClaimTemplates=[CLAIM], persistentVolumeClaimRetentionPolicy=policy
        ),
    )
    side.serve(2)
    ready(side, 2)
    # That a claim is the set's is written behind its pods.
    side.until(lambda: all(map(owned, side.items("persistentvolumeclaims"))))


def nightly(side: Side, schedule: str = "0 0 1 1 *", **spec: Any) -> None:
    """A CronJob whose last time, the beginning of this year, is still to come for it."""
    template = {"metadata": {"labels": {"app": "c"}}, "spec": work()}
    spec = {"schedule": schedule, "suspend": True, "jobTemplate": template, **spec}
    side.create("cronjobs", "c", spec)
    forget(side)
    side.change("cronjobs", "c", suspend=False)


def forget(side: Side, when: datetime | None = None) -> None:
    """Let the last time that it was due be long ago."""
    when = when or datetime.now(UTC).replace(month=1, day=1) - timedelta(days=30)
    status = {"lastScheduleTime": when.strftime("%Y-%m-%dT%H:%M:%SZ")}
    side.call("PATCH", side.path("cronjobs", "c", "status"), {"status": status})


def event(side: Side, reason: str) -> None:
    side.until(lambda: any(f" {reason} " in key for key in side.everything()))


def due_once(side: Side) -> None:
    nightly(side)
    (pod,) = side.pending()
    side.until(lambda: side.status("cronjobs", "c").get("active"))
    side.report(pod, "Succeeded", 0)
    event(side, "SawCompletedJob")
    side.until(lambda: side.status("cronjobs", "c").get("lastSuccessfulTime"))


def due_and_failing(side: Side) -> None:
    nightly(side, failedJobsHistoryLimit=0, jobTemplate={"spec": work(backoffLimit=0)})
    (pod,) = side.pending()
    side.report(pod, "Failed", 1)
    event(side, "SuccessfulDelete")
    side.until(lambda: not side.items("jobs") and not side.pods())


def due_again(side: Side, policy: str) -> None:
    nightly(side, concurrencyPolicy=policy)
    side.pending()
    side.until(lambda: side.status("cronjobs", "c").get("active"))
    side.change("cronjobs", "c", suspend=True, schedule="0 0 2 1 *")
    forget(side)
    side.change("cronjobs", "c", suspend=False)


def forbidden(side: Side) -> None:
    due_again(side, "Forbid")
    event(side, "JobAlreadyActive")


def replaced(side: Side) -> None:
    due_again(side, "Replace")
    event(side, "SuccessfulDelete")
    side.until(lambda: len(side.items("jobs")) == 1 and len(side.pods()) == 1)


def beside(side: Side) -> None:
    due_again(side, "Allow")
    side.pending(2)
    side.until(lambda: len(side.status("cronjobs", "c").get("active") or ()) == 2)


def often_missed(side: Side) -> None:
    nightly(side, schedule="*/5 * * * *", timeZone="Asia/Tokyo")
    event(side, "TooManyMissedTimes")
    side.pending()
    side.change("cronjobs", "c", suspend=True)


def too_late(side: Side) -> None:
    nightly(side, startingDeadlineSeconds=60)


def in_a_zone(side: Side) -> None:
    nightly(side, timeZone="America/New_York")
    side.pending()
    side.until(lambda: side.status("cronjobs", "c").get("active"))


def owned(one: dict[str, Any]) -> bool:
    return bool(one["metadata"].get("ownerReferences"))


def ended(side: Side) -> None:
    side.create("statefulsets", "s", members())
    (pod,) = side.pending()
    side.report(pod, "Failed", 1)
    side.serve(1)
    ready(side, 1)


def long_name(side: Side) -> None:
    side.create("statefulsets", "s" * 53, members())
    side.until(lambda: any("FailedCreate" in key for key in side.everything()))


def too_many(side: Side) -> None:
    hard = {"pods": "1", "requests.memory": "1Gi", "requests.storage": "1Mi"}
    side.create("resourcequotas", "q", {"hard": hard})
    side.until(lambda: side.status("resourcequotas", "q").get("used"))
    spec = members(replicas=2, podManagementPolicy="Parallel", volumeClaimTemplates=[CLAIM])
    side.create("statefulsets", "s", spec)
    side.until(lambda: any("failed quota" in key for key in side.everything()))
    memory = {"requests": {"memory": "100Mi"}}
    containers = [{"name": "main", "image": "a:1", "resources": memory}]
    side.change("statefulsets", "s", template={"spec": {"containers": containers}})
    side.pending()
    side.until(lambda: any("exceeded quota" in key for key in side.everything()))


def succeeded(side: Side) -> None:
    side.create("jobs", "j", work())
    side.report(side.pending()[0], "Succeeded", 0)
    side.condition("j", "Complete")


def failed(side: Side) -> None:
    side.create("jobs", "j", work(backoffLimit=0))
    side.report(side.pending()[0], "Failed", 3)
    side.condition("j", "Failed")


def several(side: Side) -> None:
    side.create("jobs", "j", work(completions=3, parallelism=2))
    for pod in side.pending(2):
        side.report(pod, "Succeeded", 0)
    side.report(side.pending()[0], "Succeeded", 0)
    side.condition("j", "Complete")


def indexed(side: Side) -> None:
    side.create("jobs", "j", work(completions=3, parallelism=3, completionMode="Indexed"))
    for pod in side.pending(3):
        side.report(pod, "Succeeded", 0)
    side.condition("j", "Complete")


def by_index(side: Side) -> None:
    spec = work(completions=3, parallelism=3, completionMode="Indexed", backoffLimitPerIndex=0)
    side.create("jobs", "j", spec)
    for pod, code in zip(side.pending(3), (0, 1, 0), strict=True):
        side.report(pod, "Failed" if code else "Succeeded", code)
    side.condition("j", "Failed")


def by_policy(side: Side) -> None:
    rules = [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}]
    side.create("jobs", "j", work(podFailurePolicy={"rules": rules}))
    side.report(side.pending()[0], "Failed", 42)
    side.condition("j", "Failed")


def enough(side: Side) -> None:
    policy = {"rules": [{"succeededIndexes": "0", "succeededCount": 1}]}
    spec = work(completions=2, parallelism=2, completionMode="Indexed", successPolicy=policy)
    side.create("jobs", "j", spec)
    side.report(side.pending(2)[0], "Succeeded", 0)
    side.condition("j", "Complete")


def suspended(side: Side) -> None:
    side.create("jobs", "j", work())
    side.until(lambda: side.status("jobs", "j").get("active") == 1)
    side.change("jobs", "j", suspend=True)
    side.condition("j", "Suspended")
    side.until(lambda: not side.pods())
    # The pods that go are counted until the controller has seen that they are gone.
    side.until(lambda: not side.status("jobs", "j").get("terminating"))


def late(side: Side) -> None:
    side.create("jobs", "j", work(activeDeadlineSeconds=1))
    side.condition("j", "Failed")


def retried(side: Side) -> None:
    side.create("jobs", "j", work())
    side.report(side.pending()[0], "Failed", 1)
    side.until(lambda: side.status("jobs", "j").get("failed") == 1)
    side.report(side.pending()[0], "Succeeded", 0)
    side.condition("j", "Complete")


def cleaned(side: Side) -> None:
    side.create("jobs", "j", work(ttlSecondsAfterFinished=0))
    side.report(side.pending()[0], "Succeeded", 0)
    side.until(lambda: not side.items("jobs") and not side.items("pods"))


def left_behind(side: Side) -> None:
    side.create("jobs", "j", work())
    side.pending()
    side.call("DELETE", side.path("jobs", "j"))
    side.until(lambda: not side.items("jobs"))
    side.until(lambda: not side.pods()[0]["metadata"].get("finalizers"))


SCENARIOS = (
    *(ordered, parallel, partitioned, rolled, on_delete, claims, ended, long_name, too_many),
    *(succeeded, failed, several, indexed, by_index, by_policy, enough, suspended, late),
    *(retried, cleaned, left_behind),
    *(due_once, due_and_failing, forbidden, replaced, beside, often_missed, too_late, in_a_zone),
)


def settled(side: Side) -> dict[str, Any]:
    """What is there once nothing changes any more."""
    last: dict[str, Any] = {}
    while (found := side.everything()) != last:
        last = found
        time.sleep(1.5)
    return found


def compared(sides: tuple[Path, Path], scenario: Callable[[Side], None]) -> list[str]:
    """In what a scenario differs on two clusters, however long the events of one are under way."""
    with ExitStack() as stack:
        both = [stack.enter_context(closing(Side(one))) for one in sides]
        with ThreadPoolExecutor(2) as pool:
            for _ in pool.map(scenario, both):
                pass
            ends = time.monotonic() + SECONDS
            while True:
                real, own = pool.map(settled, both)
                found = list(different(real, own))
                if not found or time.monotonic() > ends:
                    break
    return [f"{scenario.__name__}: {line}" for line in found]


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """API server and controllers of the embedded cluster, without a node."""
    directory = tmp_path_factory.mktemp("plane")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    stack = AsyncExitStack()
    try:
        asyncio.run_coroutine_threadsafe(start(stack, directory, Faults()), loop).result(20)
        yield directory / "kubeconfig"
    finally:
        asyncio.run_coroutine_threadsafe(stack.aclose(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def test_workloads_become_the_same(control_plane: ControlPlane, ours: Path) -> None:
    if os.environ.get(CHOSEN):
        # Defaults of pods differ, and with them the hashes in the names of revisions.
        pytest.skip(f"{CHOSEN} names another release than the controllers are like")
    with ThreadPoolExecutor(len(SCENARIOS)) as pool:
        sides = (control_plane.admin, ours)
        found = pool.map(functools.partial(compared, sides), SCENARIOS)
        differences = [line for lines in found for line in lines]
    assert not differences, "\n".join(differences)


def different(real: Any, own: Any, path: str = "") -> Iterator[str]:
    if isinstance(real, dict) and isinstance(own, dict):
        for key in sorted({*real, *own}):
            yield from different(real.get(key), own.get(key), f"{path}/{key}")
    elif real != own:
        yield f"{path}: Kubernetes has {real!r}, the embedded cluster {own!r}"
