"""Volume: a claim of ours, filled and read back by short-lived pods, without `exec`.

SeededVolume declares one. Files travel into the cluster in ConfigMaps and out of it in the logs of
pods; both ways, digests decide whether they arrived.
"""

from __future__ import annotations

import contextlib
import hashlib
import uuid
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from pytest_kubeflow.errors import (
    KubeflowError,
    NotFound,
    VolumeError,
)
from pytest_kubeflow.k8s.calling import calling
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.pods.template import PodTemplate
from pytest_kubeflow.k8s.sessions.made import MADE
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.k8s.storage import require_storage_class
from pytest_kubeflow.k8s.turn import in_turn
from pytest_kubeflow.k8s.volumes.log import (
    PART,
    Archive,
    FileRecord,
    check_path,
    pack,
    parts_of,
    read_files,
    read_part,
    read_records,
)
from pytest_kubeflow.k8s.volumes.pods import CONTAINERS, SOURCE, VolumePods
from pytest_kubeflow.provenance import READ
from pytest_kubeflow.quantity import parse_quantity
from pytest_kubeflow.waiting import Deadline

__all__ = ["SeededVolume", "Volume", "VolumeFactory", "Volumes"]


@dataclass(frozen=True)
class SeededVolume:
    """Declares a volume for one run: claimed, filled with `files`, and removed with the run.

    `files` maps paths on the volume to contents; text is written as UTF-8. `size` is a Kubernetes
    quantity; None: that of --kf-volume-size. `storage_class` None: that of --kf-storage-class, or
    the cluster's default.
    As an argument of a pipeline it becomes the name of the claim.
    """

    files: Mapping[str, bytes | str] = field(default_factory=dict)
    size: str | None = None
    storage_class: str | None = None
    access_mode: str = "ReadWriteOnce"

    def contents(self) -> dict[str, bytes]:
        """The files as bytes."""
        return {
            path: content.encode() if isinstance(content, str) else content
            for path, content in self.files.items()
        }


class Volume:
    """A persistent volume claim whose files can be read. `name` is the claim's.

    Each reading starts a pod and takes what the cluster needs for one (a second to some ten).
    Methods raise VolumeError, NotFound for a file that is not there, or WaitTimeout.
    """

    def __init__(self, volumes: Volumes, name: str) -> None:
        self.name = name
        self._volumes = volumes

    def __repr__(self) -> str:
        return f"Volume({self.name!r})"

    def list(self) -> list[str]:
        """The paths of all files, sorted."""
        paths = sorted(each.path for each in self._volumes.look(self.name, None))
        return READ.note(paths, f"the list of files of volume {self.name}")

    def read_bytes(self, path: str) -> bytes:
        """The content of one file, checked by its digest; of any size."""
        return READ.note(self.read([path])[path], f"{path} on volume {self.name}")

    def read_text(self, path: str, encoding: str = "utf-8") -> str:
        """The content of one file as text."""
        where = f"{path} on volume {self.name}"
        return READ.note_text(self.read_bytes(path), where, encoding)

    def read(self, paths: Sequence[str]) -> dict[str, bytes]:
        """The contents of several files; small ones take one pod together."""
        for path in paths:
            check_path(path)
        found = {each.path: each for each in self._volumes.look(self.name, paths)}
        contents = {}
        for path in paths:
            record = found.get(path)
            if record is None or record.missing:
                raise NotFound(
                    f"volume {self.name} has no file {path!r}; "
                    f"it has: {', '.join(self.list()[:20]) or 'none'}"
                )
            if record.content is None:
                contents[path] = self._volumes.read_large(self.name, record)
            else:
                contents[path] = record.content
        return contents

    def write(self, files: Mapping[str, bytes | str]) -> None:
        """Write files by a pod, over those that are there; what was written is checked."""
        self._volumes.write(self.name, files)

    def delete(self) -> None:
        """Delete the claim, and with it what it holds as the storage class says."""
        self._volumes.delete(self.name)


class VolumeFactory(Protocol):
    """Makes a claim and puts `files` on it: `seeded_pvc({"a.csv": text}, size="1Gi")`."""

    def __call__(
        self,
        files: Mapping[str, bytes | str] | None = None,
        *,
        size: str | None = None,
        storage_class: str | None = None,
        access_mode: str = "ReadWriteOnce",
    ) -> Volume:
        """The claim as a Volume: `.name`, `.read_text(path)`, `.list()`."""


class Volumes:
    """Makes, fills and reads claims in one namespace.

    `image` has python3. `timeout` is in seconds, for all that one call takes: for its turn under a
    quota, a node, the image and the work; `start_timeout` for what keeps a pod from starting.
    """

    def __init__(
        self,
        kubernetes: KubernetesClient,
        namespace: str,
        *,
        ownership: Ownership,
        image: str,
        storage_class: str | None = None,
        size: str = "1Gi",
        template: PodTemplate | None = None,
        timeout: float = 600.0,
        start_timeout: float = 120.0,
    ) -> None:
        self._kubernetes = kubernetes
        self.namespace = namespace
        self._ownership = ownership
        self._storage_class = storage_class
        self._size = size
        self._timeout = timeout
        self._asked: dict[str, str] = {}
        self._pods = VolumePods(
            kubernetes,
            namespace,
            ownership=ownership,
            image=image,
            template=template or PodTemplate(),
            start_timeout=start_timeout,
        )

    def make(self, declared: SeededVolume) -> Volume:
        """Claim a volume and fill it; if that fails, the claim is removed again.

        Raises ConfigurationError for a storage class that does not exist, VolumeError with the
        events of claim and pod if the volume cannot be had or filled in time.
        """
        deadline = Deadline.after(self._timeout)
        archive = pack(declared.contents()) if declared.files else None
        claim = self._claim(declared, deadline)
        volume = Volume(self, claim.metadata.name)
        try:
            if archive is not None:
                self._seed(claim, archive, deadline)
        except BaseException:
            with contextlib.suppress(KubeflowError):
                volume.delete()
            raise
        return volume

    def write(self, name: str, files: Mapping[str, bytes | str]) -> None:
        """Write files on a claim that is there, by a pod. Raises NotFound, VolumeError."""
        with calling(f"read volume claim {self.namespace}/{name}"):
            claim = self._kubernetes.core.read_namespaced_persistent_volume_claim(
                name, self.namespace
            )
        archive = pack(SeededVolume(files).contents())
        self._seed(claim, archive, Deadline.after(self._timeout))

    def in_use(self, name: str, labels: Mapping[str, str]) -> AbstractContextManager[str]:
        """Meanwhile a pod of ours mounts a claim, with these labels besides ours; its name."""
        return self._pods.hold(name, labels, deadline=Deadline.after(self._timeout))

    def delete(self, name: str) -> None:
        """Delete a claim; one that is gone already is fine."""
        try:
            with calling(f"delete volume claim {self.namespace}/{name}"):
                self._kubernetes.core.delete_namespaced_persistent_volume_claim(
                    name, self.namespace
                )
        except NotFound:
            return

    def look(self, name: str, paths: Sequence[str] | None) -> list[FileRecord]:
        """What there is: all files without contents, or these with the contents of small ones."""
        self._check_size(name)
        wanted = None if paths is None else list(paths)
        request = {"action": "look", "paths": wanted, "budget": PART}
        deadline = Deadline.after(self._timeout)
        (log,) = self._pods.run(name, [request], purpose="read", deadline=deadline)
        return read_files(log.data, log.token, log.where)

    def read_large(self, name: str, record: FileRecord) -> bytes:
        """A file that one log cannot hold: several containers, each with a part of it."""
        requests = [
            {"action": "part", "path": record.path, "offset": offset, "size": size}
            for offset, size in parts_of(record.size)
        ]
        parts = []
        for at in range(0, len(requests), CONTAINERS):
            some = requests[at : at + CONTAINERS]
            deadline = Deadline.after(self._timeout)
            logs = self._pods.run(name, some, purpose="read", deadline=deadline)
            parts += [read_part(log.data, log.token, log.where) for log in logs]
        content = b"".join(parts)
        if hashlib.sha256(content).hexdigest() != record.sha256:
            raise VolumeError(f"{record.path!r} on volume {name} changed while it was read")
        return content

    def _check_size(self, name: str) -> None:
        """Raise VolumeError for a claim that got less than it asks for.

        `status.capacity` is there once the claim is bound; a provisioner may give more.
        """
        with calling(f"read volume claim {self.namespace}/{name}"):
            claim = self._kubernetes.core.read_namespaced_persistent_volume_claim(
                name, self.namespace
            )
        given = ((claim.status and claim.status.capacity) or {}).get("storage")
        asked = self._asked.get(name) or claim.spec.resources.requests["storage"]
        if given is not None and parse_quantity(given) < parse_quantity(asked):
            raise VolumeError(
                f"volume {name} has {given}, and {asked} were asked for: what its storage class "
                f"{claim.spec.storage_class_name or '(none)'} provisions is too small"
            )

    def _claim(self, declared: SeededVolume, deadline: Deadline) -> Any:
        storage_class = declared.storage_class or self._storage_class
        require_storage_class(self._kubernetes, storage_class)
        name = self._ownership.name("volume")
        spec: dict[str, Any] = {
            "accessModes": [declared.access_mode],
            "resources": {"requests": {"storage": declared.size or self._size}},
        }
        if storage_class is not None:
            spec["storageClassName"] = storage_class
        body = {"metadata": {"name": name, "labels": self._ownership.labels()}, "spec": spec}
        what = f"volume claim {self.namespace}/{name}"
        self._asked[name] = spec["resources"]["requests"]["storage"]

        def create() -> Any:
            with calling(f"create {what}"):
                return self._kubernetes.core.create_namespaced_persistent_volume_claim(
                    self.namespace, body
                )

        claim = in_turn(create, what, deadline=deadline)
        MADE.add("persistentvolumeclaim")
        return claim

    def _seed(self, claim: Any, archive: Archive, deadline: Deadline) -> None:
        owner = {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "name": claim.metadata.name,
            "uid": claim.metadata.uid,
        }
        spool, done = uuid.uuid4().hex, 0
        while True:
            chunks = archive.chunks[done:]
            with self._pods.config_maps(chunks, owner, deadline=deadline) as names:
                request = {
                    "action": "seed",
                    "source": SOURCE,
                    "spool": spool,
                    "offset": sum(map(len, archive.chunks[:done])),
                    "last": len(names) == len(chunks),
                    "sha256": archive.sha256,
                    "gzip": archive.gzip,
                }
                (log,) = self._pods.run(
                    claim.metadata.name,
                    [request],
                    purpose="seed",
                    source=_projected(names),
                    deadline=deadline,
                )
            found = read_records(log.data, log.token, log.where)
            if any("lost" in each for each in found):
                done = 0
            elif request["last"]:
                break
            else:
                done += len(names)
        written = {each["path"]: each["sha256"] for each in found if "path" in each}
        if written != dict(archive.files):
            wrong = min(written.items() ^ archive.files.items())[0]
            raise VolumeError(f"{log.where} did not write {wrong!r} as it was given")


def _projected(config_maps: Sequence[str]) -> dict[str, Any]:
    """A volume with the chunks of these ConfigMaps, in their order."""
    sources = [
        {"configMap": {"name": name, "items": [{"key": "chunk", "path": f"{number:06}"}]}}
        for number, name in enumerate(config_maps)
    ]
    return {"name": "source", "projected": {"sources": sources}}
