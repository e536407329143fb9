"""Pods that reach a volume from inside: they run `agent.py`; their logs come back."""

from __future__ import annotations

import base64
import contextlib
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pytest_kubeflow.errors import (
    AdmissionRefused,
    Evidence,
    KubeflowError,
    PodFailed,
    VolumeError,
    WaitTimeout,
)
from pytest_kubeflow.k8s.calling import calling
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.events import describe_events, events_of
from pytest_kubeflow.k8s.pods.helper_pods import HelperPods
from pytest_kubeflow.k8s.pods.template import ContainerSpec, PodTemplate
from pytest_kubeflow.k8s.sessions.made import MADE
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.k8s.turn import in_turn
from pytest_kubeflow.k8s.volumes.log import read_records
from pytest_kubeflow.waiting import Deadline

ROOT = "/kf-volume"
SOURCE = "/kf-source"
CONTAINERS = 16
"""The most containers of one pod; they run one after another."""

_WAIT = "import signal; signal.sigwait([signal.SIGTERM])"
_AGENT = Path(__file__).with_name("agent.py")


@dataclass(frozen=True, slots=True)
class AgentLog:
    """What a container printed, the token that must end it, and what messages call it."""

    data: bytes
    token: str
    where: str


class VolumePods:
    """Runs the agent on claims of one namespace."""

    def __init__(
        self,
        kubernetes: KubernetesClient,
        namespace: str,
        *,
        ownership: Ownership,
        image: str,
        template: PodTemplate,
        start_timeout: float,
    ) -> None:
        self._kubernetes = kubernetes
        self._namespace = namespace
        self._ownership = ownership
        self._image = image
        self._pods = HelperPods(
            kubernetes,
            namespace,
            ownership=ownership,
            template=template,
            start_timeout=start_timeout,
        )

    @contextlib.contextmanager
    def config_maps(
        self, chunks: Sequence[bytes], owner: Mapping[str, Any], *, deadline: Deadline
    ) -> Iterator[list[str]]:
        """ConfigMaps with one chunk each, for as many of the first as a quota has room for.

        The claim owns them, should we not get to remove them.
        """
        names: list[str] = []
        try:
            for chunk in chunks:
                name = self._ownership.name("seed")
                body = {
                    "metadata": {
                        "name": name,
                        "labels": self._ownership.labels(),
                        "ownerReferences": [dict(owner)],
                    },
                    "binaryData": {"chunk": base64.b64encode(chunk).decode()},
                }
                create = partial(self._create_config_map, name, body)
                try:
                    if names:
                        create()
                    else:
                        in_turn(create, f"config map {self._namespace}/{name}", deadline=deadline)
                except AdmissionRefused as error:
                    if not names or not error.passing:
                        raise
                    break
                names.append(name)
            yield names
        finally:
            for name in names:
                with contextlib.suppress(KubeflowError), calling(f"delete config map {name}"):
                    self._kubernetes.core.delete_namespaced_config_map(name, self._namespace)

    def _create_config_map(self, name: str, body: Mapping[str, Any]) -> None:
        with calling(f"create config map {self._namespace}/{name}"):
            self._kubernetes.core.create_namespaced_config_map(self._namespace, dict(body))
        MADE.add("configmap")

    def run(
        self,
        claim: str,
        requests: Sequence[Mapping[str, Any]],
        *,
        purpose: str,
        deadline: Deadline,
        source: Mapping[str, Any] | None = None,
    ) -> list[AgentLog]:
        """Run the agent, one container a request; returns the logs of all."""
        volumes: list[Mapping[str, Any]] = [
            {"name": "volume", "persistentVolumeClaim": {"claimName": claim}}
        ]
        mounts = {"volume": ROOT}
        if source is not None:
            volumes.append(source)
            mounts["source"] = SOURCE
        text = _AGENT.read_text()
        tokens = {f"part-{number}": uuid.uuid4().hex for number in range(len(requests))}
        containers = [
            ContainerSpec(
                name=name,
                image=self._image,
                command=[
                    "python3",
                    "-c",
                    text,
                    json.dumps({**request, "root": ROOT, "token": token}),
                ],
                mounts=mounts,
                read_only=frozenset({"source"} if purpose == "seed" else {"volume"}),
            )
            for (name, token), request in zip(tokens.items(), requests, strict=True)
        ]

        def explain(pod: str, logs: Mapping[str, bytes]) -> None:
            # What the agent says of a file beats what the kubelet says of a process.
            for name, data in logs.items():
                if b'{"error": ' in data:
                    read_records(data, tokens[name], self._where(pod, name))

        try:
            pod, logs = self._pods.run(
                purpose, containers, volumes=volumes, deadline=deadline, explain=explain
            )
        except (AdmissionRefused, PodFailed, WaitTimeout) as error:
            raise self._failed(error, claim, purpose) from error
        return [AgentLog(data, tokens[name], self._where(pod, name)) for name, data in logs.items()]

    def hold(
        self, claim: str, labels: Mapping[str, str], *, deadline: Deadline
    ) -> AbstractContextManager[str]:
        """A pod that mounts the claim meanwhile, with these labels besides ours; its name."""
        container = ContainerSpec(
            name="main",
            image=self._image,
            command=["python3", "-c", _WAIT],
            mounts={"volume": ROOT},
        )
        volume = {"name": "volume", "persistentVolumeClaim": {"claimName": claim}}
        return self._pods.hold(
            "holds", container, volumes=[volume], labels=labels, deadline=deadline
        )

    def _where(self, pod: str, container: str) -> str:
        return f"the log of pod {self._namespace}/{pod} ({container})"

    def _failed(self, error: KubeflowError, claim: str, purpose: str) -> VolumeError:
        state, events = self._claim(claim)
        message = "" if state.startswith("Bound") else f"; its claim is {state}"
        found = error.evidence or Evidence(f"volume claim {self._namespace}/{claim}")
        # The claim in front: its phase and events tell most of a pod that is Pending.
        mine = ((f"claim {claim}", state), ("events of the claim", events))
        return VolumeError(
            f"cannot {purpose} volume {self._namespace}/{claim}: {error.message}{message}",
            evidence=Evidence(found.title, (*mine, *found.sections)),
        )

    def _claim(self, name: str) -> tuple[str, str]:
        """The claim's phase with its storage class, and its events; in brackets why not."""
        try:
            with calling(f"read volume claim {name}"):
                claim = self._kubernetes.core.read_namespaced_persistent_volume_claim(
                    name, self._namespace
                )
            events = events_of(
                self._kubernetes, self._namespace, kind="PersistentVolumeClaim", name=name
            )
        except KubeflowError as error:
            return f"({error.message})", ""
        return (
            f"{claim.status.phase} (storage class {claim.spec.storage_class_name})",
            describe_events(events),
        )
