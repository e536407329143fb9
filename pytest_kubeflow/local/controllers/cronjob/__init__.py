"""CronJobs: when the next Job is due, what becomes of those before it.

`schedule.py` counts the times, `controller.py` makes the Jobs, `history.py` says which go.
"""

from pytest_kubeflow.local.controllers.cronjob.controller import CronJobController

__all__ = ["CronJobController"]
