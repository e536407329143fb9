"""ReplicaFramework: kinds of jobs each of whose replicas has a pod and a Service of its own.

Rules and words: kubeflow/training-operator v1.9.2, pkg/controller.v1/common.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import Resource
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import PODS, SERVICES
from pytest_kubeflow.local.training.operator.framework import (
    Event,
    Look,
    replicas_field,
    replicas_of,
)
from pytest_kubeflow.local.training.operator.labels import INDEX, TYPE
from pytest_kubeflow.local.training.operator.objects import (
    labels_of_replica,
    main_container,
    new_service,
    pod_of,
    replica_name,
)
from pytest_kubeflow.local.training.operator.status import FAILED, RESTARTING, counts, mark
from pytest_kubeflow.local.training.spoiling import restart_policy, service_missing

_RETRYABLE = {130, 137, 143, 138}
_UNKNOWN = 0xBEEF
_OVERWRITTEN = (
    "Restart policy in pod template will be overwritten by restart policy in replica spec"
)


class ReplicaFramework(ABC):
    """A kind of job, of which `container` trains and listens on `port`."""

    resource: Resource
    container: str
    port_name: str
    port: int
    default_restart: str
    kinds: tuple[str, ...]
    """Of replicas: names that are written in other letters are read as these."""

    made = (PODS, SERVICES)

    @abstractmethod
    def leads(self, job: Object, kind: str, index: int) -> bool:
        """Whether this replica is the one that decides."""

    @abstractmethod
    def equip(self, job: Object, kind: str, index: int, pod: Object, faults: Faults) -> None:
        """Give the spec of a replica's pod what it finds the others by."""

    @abstractmethod
    def judge(self, look: Look) -> Iterator[Event]:
        """As Framework has it."""

    def refusal(self, _job: Object) -> str:
        """The webhook has refused before what cannot be worked on."""
        return ""

    def with_defaults(self, job: Object) -> Object:
        """The job with everything that the operator fills in each time it looks at one."""
        changed = copy.deepcopy(job)
        spec: Object = changed["spec"]
        spec.setdefault("runPolicy", {}).setdefault("cleanPodPolicy", "None")
        named = {one.lower(): one for one in self.kinds}
        field = replicas_field(self.resource.kind)
        replicas = {
            named.get(kind.lower(), kind): one for kind, one in (spec.get(field) or {}).items()
        }
        for one in replicas.values():
            one.setdefault("replicas", 1)
            one["restartPolicy"] = one.get("restartPolicy") or self.default_restart
            ports = main_container(one, self.container).setdefault("ports", [])
            if not any(port.get("name") == self.port_name for port in ports):
                ports.append({"name": self.port_name, "containerPort": self.port})
        # The first by name, as masters are: others do not wait for them longer than they have to.
        spec[field] = {kind: replicas[kind] for kind in sorted(replicas)}
        return changed

    def port_of(self, replica: Object) -> int:
        """The port of a replica that others are told."""
        ports = main_container(replica, self.container).get("ports") or []
        found = (one["containerPort"] for one in ports if one.get("name") == self.port_name)
        return int(next(found, self.port))

    async def make(self, look: Look) -> None:
        """Pods and Services that are missing; those that are too many go."""
        services = await look.owned.list(SERVICES)
        for kind, replica in replicas_of(look.job).items():
            await self._pods(look, kind, replica)
            if not service_missing(look.faults):
                await self._services(look, kind, replica, services)

    async def _pods(self, look: Look, kind: str, replica: Object) -> None:
        by_index = _by_index(look.pods, kind)
        counted = []
        for index in range(_places(by_index, replica)):
            pod = by_index.get(index)
            if pod is None:
                await self._new_pod(look, kind, replica, index)
                continue
            if index >= replica["replicas"]:
                await look.owned.delete(pod, PODS)
            await self._look_at(look, kind, replica, pod)
            counted.append(pod)
        look.status.setdefault("replicaStatuses", {})[kind] = counts(counted)

    async def _new_pod(self, look: Look, kind: str, replica: Object, index: int) -> None:
        job = look.job
        name, labels = replica_name(job, kind, index), labels_of_replica(job, kind, index)
        pod = pod_of(job, kind, name, labels, leads=self.leads(job, kind, index))
        self.equip(job, kind, index, pod["spec"], look.faults)
        if replica["template"]["spec"].get("restartPolicy"):
            await look.owned.tell("Warning", "SettedPodTemplateRestartPolicy", _OVERWRITTEN)
        await look.owned.create(pod, PODS)

    async def _look_at(self, look: Look, kind: str, replica: Object, pod: Object) -> None:
        metadata, code = pod["metadata"], self.exit_code(pod)
        if code is not None:
            place = f"{metadata['namespace']}.{metadata['name']}"
            message = f"Pod: {place} exited with code {code}"
            await look.owned.tell("Normal", "ExitedWithCode", message)
        if pod["status"].get("phase") != "Failed":
            return
        title, name = look.job["kind"], look.job["metadata"]["name"]
        policy = restart_policy(look.faults, replica)
        retryable = (_UNKNOWN if code is None else code) in _RETRYABLE
        if policy in {"OnFailure", "Always"} or (policy == "ExitCode" and retryable):
            await look.owned.delete(pod, PODS)
            message = f"job {name} is restarting because {kind} replica(s) failed."
            await look.owned.tell("Warning", f"{title}Restarting", message)
            mark(look.job, look.status, RESTARTING, message)
        elif policy == "ExitCode":
            message = f'job "{name}" is failing because "{kind}" replica(s) failed.'
            await look.owned.tell("Warning", f"{title}Failed", message)
            mark(look.job, look.status, FAILED, message)

    def exit_code(self, pod: Object) -> int | None:
        """Of the container that trains, once it has ended."""
        for one in pod["status"].get("containerStatuses") or []:
            if one["name"] == self.container and (ended := one["state"].get("terminated")):
                return int(ended["exitCode"])
        return None

    async def _services(
        self, look: Look, kind: str, replica: Object, services: Sequence[Object]
    ) -> None:
        there = _by_index(services, kind)
        for index in range(_places(there, replica)):
            if index not in there:
                new = new_service(look.job, kind, index, self.container)
                await look.owned.create(new, SERVICES)
            elif index >= replica["replicas"]:
                await look.owned.delete(there[index], SERVICES)


def _places(there: Mapping[int, Object], replica: Object) -> int:
    """How many are looked at: one even where there is to be none, which goes again."""
    wanted: int = replica["replicas"]
    return max(max(there, default=0) + 1, wanted)


def _by_index(objects: Sequence[Object], kind: str) -> dict[int, Object]:
    """Those of a kind of replica."""
    return {
        int(one["metadata"]["labels"][INDEX]): one
        for one in objects
        if one["metadata"]["labels"][TYPE] == kind.lower()
    }
