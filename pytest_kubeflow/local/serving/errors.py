"""What can be wrong with an InferenceService, as KServe tells it in the status."""

from __future__ import annotations


class ReconcileError(Exception):
    """It cannot be served as it stands (event InternalError); it is looked at again on a change."""


class InvalidSpecError(ReconcileError):
    """The model's spec is at fault: `reason` and `told` become `modelStatus.lastFailureInfo`."""

    def __init__(self, reason: str, failure: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = failure
