"""The states of runs that no run leaves."""

FINAL_STATES = frozenset({"SUCCEEDED", "SKIPPED", "FAILED", "CANCELED"})
"""As in backend/api/v2beta1/run.proto in kubeflow/pipelines."""
