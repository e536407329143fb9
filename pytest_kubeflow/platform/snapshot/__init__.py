"""Snapshot: what a cluster's API shows at one time, each kind listed once."""

from pytest_kubeflow.platform.snapshot.kind import Kind
from pytest_kubeflow.platform.snapshot.reading import read_snapshot
from pytest_kubeflow.platform.snapshot.snapshot import Object, Snapshot, Unseen

__all__ = ["Kind", "Object", "Snapshot", "Unseen", "read_snapshot"]
