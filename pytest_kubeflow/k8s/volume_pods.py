"""Pods that reach a volume from inside: they run `volume_agent.py`; their logs come back."""

from __future__ import annotations

import base64
import contextlib
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_kubeflow.errors import (
    Evidence,
    KubeflowError,
    PodFailed,
    VolumeError,
    WaitTimeout,
)
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.events import describe_events, events_of
from pytest_kubeflow.k8s.logs import read_log
from pytest_kubeflow.k8s.ownership import Ownership
from pytest_kubeflow.k8s.pods import (
    ContainerSpec,
    create_pod,
    delete_pod,
    pod_manifest,
    wait_for_end,
)
from pytest_kubeflow.k8s.volume_log import read_records
from pytest_kubeflow.waiting import Deadline

ROOT = "/kf-volume"
SOURCE = "/kf-source"
CONTAINERS = 16
"""The most containers of one pod: with more, it asks for more than small quotas have."""

_AGENT = Path(__file__).with_name("volume_agent.py")


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
        timeout: float,
    ) -> None:
        self._kubernetes = kubernetes
        self._namespace = namespace
        self._ownership = ownership
        self._image = image
        self._timeout = timeout

    @contextlib.contextmanager
    def config_maps(self, chunks: Sequence[bytes], owner: Mapping[str, Any]) -> Iterator[list[str]]:
        """ConfigMaps with one chunk each. The claim owns them, should we not get to remove them."""
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
                with calling(f"create config map {self._namespace}/{name}"):
                    self._kubernetes.core.create_namespaced_config_map(self._namespace, body)
                names.append(name)
            yield names
        finally:
            for name in names:
                with contextlib.suppress(KubeflowError), calling(f"delete config map {name}"):
                    self._kubernetes.core.delete_namespaced_config_map(name, self._namespace)

    def run(
        self,
        claim: str,
        requests: Sequence[Mapping[str, Any]],
        *,
        purpose: str,
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
        pod = self._ownership.name(purpose)
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
        manifest = pod_manifest(
            pod, labels=self._ownership.labels(), containers=containers, volumes=volumes
        )
        create_pod(self._kubernetes, self._namespace, manifest)
        try:
            self._wait(pod, claim, tokens, purpose)
            return [self._log(pod, name, token) for name, token in tokens.items()]
        finally:
            with contextlib.suppress(KubeflowError):
                delete_pod(self._kubernetes, self._namespace, pod)

    def _wait(self, pod: str, claim: str, tokens: Mapping[str, str], purpose: str) -> None:
        try:
            wait_for_end(
                self._kubernetes, self._namespace, pod, deadline=Deadline.after(self._timeout)
            )
        except (PodFailed, WaitTimeout) as error:
            for name, token in tokens.items():
                # What the agent says of a file beats what the kubelet says of a process.
                log = self._log(pod, name, token) if isinstance(error, PodFailed) else None
                if log is not None and b'{"error": ' in log.data:
                    read_records(log.data, token, log.where)
            state, events = self._claim(claim)
            told = "" if state.startswith("Bound") else f"; its claim is {state}"
            found = error.evidence or Evidence(f"volume claim {self._namespace}/{claim}")
            # The claim in front: its phase and events tell most of a pod that is Pending.
            mine = ((f"claim {claim}", state), ("events of the claim", events))
            raise VolumeError(
                f"cannot {purpose} volume {self._namespace}/{claim}: {error.message}{told}",
                evidence=Evidence(found.title, (*mine, *found.sections)),
            ) from error

    def _log(self, pod: str, container: str, token: str) -> AgentLog:
        data = read_log(self._kubernetes, self._namespace, pod, container)
        return AgentLog(data, token, f"the log of pod {self._namespace}/{pod} ({container})")

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
