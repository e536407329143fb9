"""The scheduler of the embedded cluster: which node a pod goes to, and why not."""

from pytest_kubeflow.local.scheduler.scheduler import Scheduler

__all__ = ["Scheduler"]
