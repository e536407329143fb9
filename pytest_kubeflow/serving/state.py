"""ServiceState: what an InferenceService object says of itself, read without believing too much.

`Ready` alone is no proof. In Standard mode it stays True while an update rolls out, since the old
pods still serve; and `observedGeneration` is copied from the Deployment or the Knative Service
below (kserve/kserve pkg/apis/serving/v1beta1/inference_service_status.go), so it counts the
changes of that object: an update that leaves the Deployment alone never reaches it. So `workload`
looks at what runs, and this says only what is written here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pytest_kubeflow.k8s.objects.custom_object import ObjectState

MODE = "serving.kserve.io/deploymentMode"
STANDARD, KNATIVE = "Standard", "Knative"
_OLD_NAMES = {"RawDeployment": STANDARD, "Serverless": KNATIVE}
_FAILED_LOAD = "FailedToLoad"
_INVALID = "InvalidSpec"
_STOPPED = "Stopped"
# What the controller will not mend without another spec, or another runtime.
_HOPELESS_REASONS = frozenset(
    {
        "InvalidGPUAllocation",
        "InvalidPredictorSpec",
        "InvalidWorkerSpecNotSet",
        "NoSupportingRuntime",
        "RuntimeDisabled",
        "RuntimeNotRecognized",
    }
)


def current_name(mode: str) -> str:
    """A deployment mode as KServe calls it since 0.16, for either of its names."""
    return _OLD_NAMES.get(mode, mode)


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: `status` is True, False or Unknown, as a text."""

    type: str
    status: str
    reason: str = ""
    message: str = ""

    def __str__(self) -> str:
        message = ": ".join(part for part in (self.reason, self.message) if part)
        return f"{self.type}={self.status}" + (f" ({message})" if message else "")


@dataclass(frozen=True)
class ServiceState(ObjectState):
    """An InferenceService as the API gave it."""

    @property
    def _model(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.status.get("modelStatus") or {}
        return found

    @property
    def generation(self) -> int:
        """How often its spec was changed, beginning with 1."""
        return int(self.metadata.get("generation") or 0)

    @property
    def observed(self) -> int | None:
        """The generation that the status tells of, where it tells; see the module."""
        found = self.status.get("observedGeneration")
        return None if found is None else int(found)

    @property
    def is_stale(self) -> bool:
        """Whether the status says that it is about an older spec."""
        return self.observed is not None and self.observed < self.generation

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """All of them; none before the controller has seen the service."""
        return tuple(
            Condition(
                str(one.get("type", "")),
                str(one.get("status", "Unknown")),
                str(one.get("reason") or ""),
                " ".join(str(one.get("message") or "").split()),
            )
            for one in self.status.get("conditions") or ()
        )

    def condition(self, kind: str) -> Condition | None:
        """The condition of this type, if it is there."""
        return next((one for one in self.conditions if one.type == kind), None)

    @property
    def says_ready(self) -> bool:
        """Whether `Ready` is True and nothing else in it contradicts that."""
        ready = self.condition("Ready")
        contradicted = self.is_stopped or self.is_being_deleted or bool(self.invalid)
        return ready is not None and ready.status == "True" and not contradicted

    @property
    def is_stopped(self) -> bool:
        """Whether somebody has stopped it with KServe's annotation for that."""
        stopped = self.condition(_STOPPED)
        return stopped is not None and stopped.status == "True"

    @property
    def failure(self) -> str:
        """Why the model of the wanted spec did not load, if KServe says that it did not."""
        states = self._model.get("states") or {}
        failed = states.get("targetModelState") == _FAILED_LOAD
        if not failed and self._model.get("transitionStatus") not in {
            "BlockedByFailedLoad",
            _INVALID,
        }:
            return ""
        return self._told_failure() or "the model failed to load"

    @property
    def invalid(self) -> str:
        """Why the spec can never work, if KServe says so; it judges the spec, not a pod."""
        reason = (self._model.get("lastFailureInfo") or {}).get("reason")
        if self._model.get("transitionStatus") == _INVALID or (
            self.failure and reason in _HOPELESS_REASONS
        ):
            return self._told_failure() or "the spec is invalid"
        return ""

    def _told_failure(self) -> str:
        info = self._model.get("lastFailureInfo") or {}
        parts = [str(info.get("reason") or ""), " ".join(str(info.get("message") or "").split())]
        if info.get("exitCode"):
            parts.append(f"exit code {info['exitCode']}")
        return ": ".join(part for part in parts if part)

    @property
    def mode(self) -> str | None:
        """Standard or Knative, by the status or by what only Knative fills in; None: not told."""
        found = self.status.get("deploymentMode")
        if found:
            return current_name(str(found))
        if self.latest_created:
            return KNATIVE
        return STANDARD if self.says_ready else None

    @property
    def _predictor(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = (self.status.get("components") or {}).get("predictor") or {}
        return found

    @property
    def latest_created(self) -> str:
        """The newest Knative revision; empty in Standard mode."""
        return str(self._predictor.get("latestCreatedRevision") or "")

    @property
    def latest_ready(self) -> str:
        """The newest Knative revision that is ready."""
        return str(self._predictor.get("latestReadyRevision") or "")

    @property
    def traffic(self) -> Mapping[str, int]:
        """Percent of the requests by Knative revision; empty in Standard mode."""
        shares: dict[str, int] = {}
        for one in self._predictor.get("traffic") or ():
            name = str(one.get("revisionName") or "latest")
            shares[name] = shares.get(name, 0) + int(one.get("percent") or 0)
        return shares

    @property
    def url(self) -> str:
        """The address that KServe announces; empty before there is one."""
        return str(self.status.get("url") or "")

    @property
    def host(self) -> str:
        """The host name of its own; where the address is a path, the predictor's host."""
        for url in (self.url, str(self._predictor.get("url") or "")):
            parts = urlsplit(url)
            if parts.hostname and not parts.path.strip("/"):
                return parts.hostname
        return ""

    @property
    def path(self) -> str:
        """The path under the gateway where the platform routes by paths; else empty."""
        return urlsplit(self.url).path.rstrip("/")

    @property
    def storage_uri(self) -> str:
        """Where the model of the wanted spec is; empty for a custom container."""
        predictor = (self.object.get("spec") or {}).get("predictor") or {}
        model = predictor.get("model") or {}
        # Older objects name the framework instead of `model`.
        by_framework = [one for one in predictor.values() if isinstance(one, dict)]
        found = [one.get("storageUri") for one in (model, *by_framework)]
        return next((str(one) for one in found if one), "")

    def describe(self) -> str:
        """One line: what it waits for, or that it is ready."""
        if self.is_being_deleted:
            return "being deleted"
        if self.is_stopped:
            return "stopped (annotation serving.kserve.io/stop)"
        if not self.conditions:
            return "no status yet: is the KServe controller running?"
        # `Stopped=False` is the one condition that is well when it is not True.
        parts = [
            str(one) for one in self.conditions if one.status != "True" and one.type != _STOPPED
        ]
        if not parts:
            parts = ["Ready=True"]
        if self.is_stale:
            parts.append(f"of generation {self.observed}, wanted {self.generation}")
        if self.failure:
            parts.append(f"model: {self.failure}")
        return "; ".join(parts)
