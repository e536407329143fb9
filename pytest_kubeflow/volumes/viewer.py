"""Viewer: the files of a claim in a browser, through the gateway."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pytest_kubeflow.errors import Evidence, KubeflowError
from pytest_kubeflow.k8s.client import calling
from pytest_kubeflow.provenance import READ
from pytest_kubeflow.retries.evidence import reading_evidence
from pytest_kubeflow.volumes.access import VolumesAccess
from pytest_kubeflow.volumes.errors import ViewerFailed
from pytest_kubeflow.volumes.filebrowser import HEALTH, STATUS, FileBrowser
from pytest_kubeflow.webapps.deployment import DeploymentWorkload
from pytest_kubeflow.webapps.evidence import with_workload
from pytest_kubeflow.webapps.readiness import ServerReadiness
from pytest_kubeflow.webapps.reply import ServerReply
from pytest_kubeflow.webapps.server import GatewayServer

GROUP, VERSION, PLURAL = "kubeflow.org", "v1alpha1", "pvcviewers"
PREFIX = "pvcviewer-"
"""What the controller puts before the names of all that it makes of a viewer."""

_INSTANCE = "app.kubernetes.io/instance"


@dataclass(frozen=True)
class Look:
    """A viewer at one moment. `reply` is None while its container does not run."""

    object: Mapping[str, Any]
    path: str
    workload: DeploymentWorkload
    reply: ServerReply | None = None

    @property
    def responds(self) -> bool:
        """Whether its File Browser is there."""
        return self.reply is not None and self.reply.has(STATUS)

    @property
    def rolls(self) -> bool:
        """Never: its pod is gone before the next one comes."""
        return False

    @property
    def is_being_deleted(self) -> bool:
        """Whether the viewer is."""
        return bool(self.object["metadata"].get("deletionTimestamp"))

    def describe(self) -> str:
        """What it waits for, in one line."""
        if self.responds:
            return "it responds"
        if self.reply is not None:
            return f"its container runs, and {self.path} answers {self.reply}"
        return self.workload.describe()


@dataclass
class ViewerReadiness(ServerReadiness[Look]):
    """Waits for one viewer; `name` has its namespace before it."""

    kind = "PVCViewer"
    spoken = "a viewer"
    failed = ViewerFailed
    options = "the viewer-spec of the web app for volumes names it"
    port = 8080
    base_url = "the prefix of its VirtualService"
    whose = "File Browser's"
    serve = "its image must start File Browser on 0.0.0.0:8080, without a login"
    controller = (
        "the controller of viewers does not run, or fails (kubectl -n kubeflow logs "
        "deploy/pvcviewer-controller-manager)"
    )


class Viewer(GatewayServer[VolumesAccess]):
    """The viewer of one claim, whose name it has. Whatever it tells is asked for when read.

    `wait_ready` raises ViewerFailed where it will not respond.
    """

    readiness = ViewerReadiness

    @property
    def path(self) -> str:
        """Where it is behind the gateway, without a slash at the end."""
        return f"/pvcviewers/{self.namespace}/{self.name}"

    @property
    def health_path(self) -> str:
        """A path that opens for whoever gets in: it says that the program is there."""
        return self.path + HEALTH

    @cached_property
    def files(self) -> FileBrowser:
        """Its files: `write(path, content)`, `read(path)`, `names(path)`, `remove(path)`."""
        return FileBrowser(self.url, self._access.session)

    @cached_property
    def _glance(self) -> FileBrowser:
        return FileBrowser(self.url, self._access.hasty_session)

    @property
    def object(self) -> Mapping[str, Any]:
        """The PVCViewer. Raises NotFound."""
        with calling(f"read PVCViewer {self.namespace}/{self.name}"):
            found: Mapping[str, Any] = (
                self._access.cluster.kubernetes.custom.get_namespaced_custom_object(
                    GROUP, VERSION, self.namespace, PLURAL, self.name
                )
            )
        return found

    @property
    def workload(self) -> DeploymentWorkload:
        """Its Deployment and its pod, as Kubernetes has them now."""
        made = PREFIX + self.name
        return DeploymentWorkload.read(
            self._access.cluster.kubernetes, self.namespace, made, selector=f"{_INSTANCE}={made}"
        )

    def _look(self) -> Look:
        found, workload = self.object, self.workload
        asked = workload.runs and not workload.is_going
        return Look(found, self.path, workload, self._glance.health() if asked else None)

    def write(self, path: str, content: bytes | str, *, override: bool = False) -> None:
        """Put a file on the volume, as the upload in the browser does."""
        self.files.write(path, content, override=override)

    def read_bytes(self, path: str) -> bytes:
        """A file, as it is downloaded. Raises NotFound."""
        return READ.note(self.files.read(path), f"{path} in viewer {self.name}")

    def read_text(self, path: str) -> str:
        """The same as text, of which UTF-8 is the encoding."""
        return READ.note_text(self.files.read(path), f"{path} in viewer {self.name}")

    @reading_evidence()
    def evidence(self) -> Evidence:
        """Everything that is known of it now: status, logs, pod, events."""
        evidence = Evidence(f"PVCViewer {self.namespace}/{self.name}")
        try:
            status = self.object.get("status") or {}
            message = f"ready: {status.get('ready')}, url: {status.get('url')}"
        except KubeflowError as error:
            message = f"({error.message})"
        return with_workload(
            evidence.and_section("state", message),
            self._access.cluster.kubernetes,
            self.namespace,
            lambda: self.workload,
            names=(PREFIX + self.name, self.name),
        )
