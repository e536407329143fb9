"""TrainerError: what Trainer cannot make of a TrainJob, in its own words."""

from __future__ import annotations


class TrainerError(Exception):
    """The message is Trainer's."""
