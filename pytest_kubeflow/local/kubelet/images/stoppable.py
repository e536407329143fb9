"""Waiting for work on an image, which ends with the container that it is for."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from pytest_kubeflow.local.kubelet.context import Pause

_T = TypeVar("_T")

_LONGEST_PULL = 3600.0


async def unless_stopped(work: Coroutine[Any, Any, _T], pause: Pause) -> asyncio.Task[_T] | None:
    """`work` when it is done, with its result or its error; None if the container is to stop."""
    working = asyncio.create_task(work)
    stopping = asyncio.ensure_future(pause(_LONGEST_PULL))
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return working if working.done() else None
    finally:
        working.cancel()
        stopping.cancel()
