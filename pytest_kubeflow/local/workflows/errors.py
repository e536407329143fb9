"""How a Workflow comes to a wrong end."""

from __future__ import annotations


class WorkflowError(Exception):
    """Something of a Workflow cannot be done; the message is Argo's."""


class TransientError(WorkflowError):
    """It cannot be done now, and is asked for again a little later."""


class ParallelismReached(WorkflowError):  # noqa: N818 (as Argo calls it)
    """There are as many pods as there may be."""


class TimedOut(WorkflowError):  # noqa: N818 (as Argo calls it)
    """A template's `timeout` has passed before its pod ran."""
