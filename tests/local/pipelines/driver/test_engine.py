"""Which Workflows are run, and that each is once."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.metadata.store import MetadataStore
from pytest_kubeflow.local.pipelines.driver import engine
from pytest_kubeflow.local.pipelines.driver.run import generation_of
from pytest_kubeflow.local.pipelines.workflows import COMPILED_LABEL, GENERATION, RUN_LABEL


class Informer:
    """Of Workflows, that knows none: each is news to it."""

    def __init__(self) -> None:
        self.objects: dict[Any, Any] = {}


def workflow(generation: int = 0, phase: str = "", *, compiled: bool = True) -> dict[str, Any]:
    metadata = {"name": "w", "namespace": "n", "uid": "u", "annotations": {GENERATION: generation}}
    labels = {RUN_LABEL: "r", **({COMPILED_LABEL: "true"} if compiled else {})}
    return {"metadata": {**metadata, "labels": labels}, "spec": {}, "status": {"phase": phase}}


def test_late_news_of_a_run_that_has_ended_do_not_start_it_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An informer that lags tells of a run as it was before its end."""
    generations = []

    class Worker:
        def __init__(self, found: Any, *_: object) -> None:
            self.generation = generation_of(found)
            generations.append(self.generation)

        async def run(self) -> None:
            return

    monkeypatch.setattr(engine, "RunWorker", Worker)
    nothing = cast(Any, None)

    async def check() -> None:
        tested = engine.Engine(
            nothing, cast(Any, Informer()), MetadataStore(), store=nothing, faults=Faults()
        )

        async def news(kind: str, found: dict[str, Any]) -> None:
            tested._on_change(kind, found)
            await asyncio.gather(*tested._tasks.values())
            await asyncio.sleep(0)  # until its end is known

        await news("ADDED", workflow(compiled=False))  # it is the workflow controller's
        await news("ADDED", workflow())
        await news("MODIFIED", workflow(phase="Running"))
        await news("MODIFIED", workflow(1))
        await news("MODIFIED", workflow(phase="Running"))
        await news("DELETED", workflow(1))
        await news("ADDED", workflow())

    asyncio.run(check())
    assert generations == [0, 1, 0]
