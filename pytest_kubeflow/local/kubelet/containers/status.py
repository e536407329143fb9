"""ContainerStatus: how one container of a pod is, and how its runs went."""

from __future__ import annotations

from dataclasses import dataclass, field

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.times import now


def _creating() -> Object:
    return {"waiting": {"reason": "ContainerCreating"}}


@dataclass
class ContainerStatus:
    """What the kubelet knows about one container; `state` and `last_state` as the API has them."""

    name: str
    image: str
    sidecar: bool = False
    init: bool = False
    image_id: str = ""
    container_id: str = ""
    state: Object = field(default_factory=_creating)
    last_state: Object = field(default_factory=dict)
    restart_count: int = 0
    ready: bool = False
    started: bool = False

    @property
    def exit_code(self) -> int | None:
        """Exit code of the run that has ended, if no other has begun."""
        terminated = self.state.get("terminated")
        if terminated is None and "waiting" in self.state:
            terminated = self.last_state.get("terminated")
        return None if terminated is None else int(terminated["exitCode"])

    @property
    def completed(self) -> bool:
        return "terminated" in self.state and self.exit_code == 0

    @property
    def running(self) -> bool:
        return "running" in self.state

    def wait(self, reason: str, message: str | None = None) -> None:
        """Note why the container does not run; a run that has ended becomes the last one."""
        if "terminated" in self.state:
            self.last_state = self.state
        waiting = {"reason": reason} | ({"message": message} if message else {})
        self.state = {"waiting": waiting}
        self.ready = self.started = False

    def run(self, started_at: str) -> None:
        """Note that a run has begun."""
        if "terminated" in self.state:
            self.last_state = self.state
        self.state = {"running": {"startedAt": started_at}}

    def end(self, reason: str, code: int, started_at: str, message: str) -> None:
        """Note that a run has ended, or that it could not be started."""
        if "terminated" in self.state:
            self.last_state = self.state
        terminated = {
            "exitCode": code,
            "reason": reason,
            "startedAt": started_at,
            "finishedAt": now(),
            "containerID": self.container_id,
        }
        if message:
            terminated["message"] = message
        self.state = {"terminated": terminated}
        self.ready = self.started = False

    def take_up(self, before: Object) -> None:
        """Go on from the status of a container that outlived an earlier kubelet."""
        self.resume(before)
        self.state = before["state"]
        self.ready, self.started = before.get("ready") is True, before.get("started") is True

    def resume(self, before: Object) -> None:
        """Go on from the status that an earlier kubelet left, whose containers are gone."""
        state = before.get("state") or {}
        self.restart_count = int(before.get("restartCount") or 0)
        self.image_id = before.get("imageID") or ""
        self.container_id = before.get("containerID") or ""
        self.last_state = before.get("lastState") or {}
        if (running := state.get("running")) is not None:
            # As containerd says of containers that ended while it did not look.
            state = {
                "terminated": {
                    "exitCode": 255,
                    "reason": "Unknown",
                    "startedAt": running.get("startedAt"),
                    "finishedAt": now(),
                    "containerID": self.container_id,
                }
            }
        self.state = state

    def to_json(self) -> Object:
        status: Object = {
            "name": self.name,
            "image": self.image,
            "imageID": self.image_id,
            "state": self.state,
            "lastState": self.last_state,
            "restartCount": self.restart_count,
            "ready": self.completed if self.init and not self.sidecar else self.ready,
            "started": self.started,
        }
        if self.container_id:
            status["containerID"] = self.container_id
        return status
