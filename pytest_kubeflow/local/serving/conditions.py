"""Conditions of an InferenceService, with `Ready` as what the two that matter add up to.

Rules: knative.dev/pkg/apis (ConditionSet) and the sets of inference_service_status.go.
"""

from __future__ import annotations

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.times import now

READY = "Ready"
_DECISIVE = ("PredictorReady", "IngressReady")


class Conditions:
    """Starts from those of a status; `listed` are the ones to write, in order of their types."""

    def __init__(self, status: Object) -> None:
        self._by_type: dict[str, Object] = {
            one["type"]: one for one in status.get("conditions") or []
        }
        for kind in _DECISIVE:
            if kind not in self._by_type:
                self._put(kind, "Unknown", "", "")
        self._sum_up()

    def set(self, kind: str, status: str, reason: str = "", message: str = "") -> None:
        """Set one condition to True, False or Unknown; `Ready` follows."""
        self._put(kind, status, reason, message)
        self._sum_up()

    def status(self, kind: str) -> str:
        """True, False, or Unknown, which it also is where nothing was told."""
        return str(self._by_type.get(kind, {}).get("status", "Unknown"))

    def holds(self, kind: str) -> bool:
        return self.status(kind) == "True"

    def reason(self, kind: str) -> tuple[str, str]:
        """Reason and message of a condition; empty where it has none."""
        one = self._by_type.get(kind, {})
        return one.get("reason", ""), one.get("message", "")

    def failed(self) -> list[str]:
        """The types of those that are False, `Ready` and `Stopped` aside."""
        return [
            kind
            for kind, one in sorted(self._by_type.items())
            if one["status"] == "False" and kind not in {READY, "Stopped"}
        ]

    @property
    def listed(self) -> list[Object]:
        return [self._by_type[kind] for kind in sorted(self._by_type)]

    def _sum_up(self) -> None:
        decisive = [self._by_type[kind] for kind in _DECISIVE]
        for status in ("False", "Unknown"):
            for one in decisive:
                if one["status"] == status:
                    self._put(READY, status, one.get("reason", ""), one.get("message", ""))
                    return
        self._put(READY, "True", "", "")

    def _put(self, kind: str, status: str, reason: str, message: str) -> None:
        condition: Object = {"type": kind, "status": status}
        if kind not in {READY, *_DECISIVE}:
            condition["severity"] = "Info"
        condition |= {"reason": reason} if reason else {}
        condition |= {"message": message} if message else {}
        known = self._by_type.get(kind, {})
        if {key: value for key, value in known.items() if key != "lastTransitionTime"} != condition:
            self._by_type[kind] = {**condition, "lastTransitionTime": now()}
