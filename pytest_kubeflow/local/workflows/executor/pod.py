"""ExecutorPod: the pod that a container of Argo's executor is in, as it sees it."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_kubeflow.local.kubelet.images.hosted import HostedContainer
from pytest_kubeflow.local.workflows.podspec import (
    MIRROR,
    NODE_ID,
    RUN_ARGO,
    mounts_of,
    overlapping,
)
from pytest_kubeflow.local.workflows.templates import has_location

Json = Any
_FLAGS = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
LONGEST = 1 << 28  # bytes of a file that is read as a whole


class ExecutorError(Exception):
    """The executor cannot do something; `missing`: what it looked for is not there."""

    def __init__(self, message: str, *, missing: bool = False) -> None:
        super().__init__(message)
        self.missing = missing


@dataclass(frozen=True)
class ExecutorPod:
    """What `init` and `wait` know by the environment of their container."""

    container: HostedContainer

    @property
    def name(self) -> str:
        name: str = self.container.pod["metadata"]["name"]
        return name

    @property
    def namespace(self) -> str:
        namespace: str = self.container.pod["metadata"]["namespace"]
        return namespace

    @property
    def node_id(self) -> str:
        node_id: str = self.container.pod["metadata"]["annotations"][NODE_ID]
        return node_id

    def variable(self, name: str, spec: Json = None) -> str:
        """The value of an environment variable of this container, or of the one that is given."""
        for one in (spec or self.container.spec).get("env") or ():
            if one["name"] == name:
                return str(one.get("value", ""))
        return ""

    def template(self) -> Json:
        """What the pod is to do. Raises ExecutorError."""
        init = self.container.pod["spec"]["initContainers"][0]
        try:
            return json.loads(self.variable("ARGO_TEMPLATE", init))
        except ValueError as error:
            raise ExecutorError(f"failed to unmarshal template: {error}") from None

    def place(self, path: str) -> Path:
        """Where a path of this container is. Raises OSError."""
        return self.container.path_of(path)

    def read(self, path: str) -> bytes:
        """A file of this container, if it is one. Raises OSError."""
        return read_file(self.place(path))

    def write(self, path: str, data: bytes, mode: int) -> None:
        """Write a file, whose directories are made. Raises OSError."""
        write_file(self.place(path), data, mode)

    def ran_file(self, *parts: str) -> str:
        """A path in the directory that all containers of the pod share."""
        return "/".join((RUN_ARGO, *(part.strip("/") for part in parts)))

    def in_image(self, template: Json, path: str) -> bool:
        """Whether a path is in no volume that this container sees too."""
        if overlapping(mounts_of(template), path) is not None:
            return False
        for one in (template.get("inputs") or {}).get("artifacts") or ():
            if path == one["path"]:
                return bool(one.get("optional") and not has_location(one))
            if path.startswith(f"{one['path']}/"):
                return False
        return True

    def mirrored(self, path: str) -> Path:
        """Where a path of the main container is, if it is in a volume. Raises OSError."""
        return self.place(os.path.normpath(f"{MIRROR}/{path}"))


def read_file(path: Path) -> bytes:
    """The content of a file, which is no link and no pipe. Raises OSError."""
    with open(os.open(path, os.O_RDONLY | _FLAGS), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(22, "invalid argument", str(path))
        return file.read(LONGEST)


def write_file(path: Path, data: bytes, mode: int) -> None:
    """Write a file, whose directories are made. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _FLAGS
    with open(os.open(path, flags, mode), "wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(data)


def reason(error: OSError, path: str) -> str:
    """As Go says it of a file."""
    return f"open {path}: {(error.strerror or str(error)).lower()}"
