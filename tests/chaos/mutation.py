"""Mutation: one way in which a cluster gives a false answer, and the sentence that notices it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.chaos.exchange import UpstreamResponse

Files = dict[str, bytes | None]
"""What a volume holds, by its path; a listing has no contents."""


@dataclass(frozen=True)
class Mutation:
    """`told` is a pattern of what the report of `test` says. What is None is left as it is.

    Of the test's run: `run` gets the API's JSON of it once it has ended; `executions` and
    `artifacts` get lists of ML Metadata, and give others; `other` names another pipeline's run
    whose record ML Metadata tells as this one's; `code` is what runs instead of what was submitted,
    while the API says that it was ours; `files` gets what a volume holds, `log` the log of a task.
    The run is called as the mutation, or, where a test starts it by hand, as its pipeline: `of`.
    Of the rest: `api` gets what the pipelines API says to a test about uploads, `store` what the
    object store says about objects of the test, and their keys, `predictor` what predictors say.
    """

    name: str
    test: str
    told: str
    run: Callable[[Any], None] | None = None
    executions: Callable[[list[Any]], list[Any]] | None = None
    artifacts: Callable[[list[Any]], list[Any]] | None = None
    code: tuple[str, str] | None = None
    other: str | None = None
    files: Callable[[Files], Files] | None = None
    log: Callable[[str], str] | None = None
    claim: Callable[[Any], None] | None = None
    api: Callable[[UpstreamResponse], None] | None = None
    store: Callable[[UpstreamResponse, str], None] | None = None
    predictor: Callable[[UpstreamResponse], None] | None = None
    of: str = ""
