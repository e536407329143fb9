"""Jobs: pods that run until enough of them have succeeded."""

from pytest_kubeflow.local.controllers.job.cleanup import FinishedJobCleaner
from pytest_kubeflow.local.controllers.job.controller import JobController
from pytest_kubeflow.local.controllers.job.orphans import OrphanedPodController

__all__ = ["FinishedJobCleaner", "JobController", "OrphanedPodController"]
