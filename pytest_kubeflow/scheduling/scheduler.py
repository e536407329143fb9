"""Scheduler: submits planned runs, a bounded number at a time, and hands them to their tests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, wait
from typing import Protocol

from pytest_kubeflow.errors import KubeflowError, WaitTimeout
from pytest_kubeflow.pipelines.following.watcher import RunWatcher
from pytest_kubeflow.pipelines.runs.run import PipelineRun
from pytest_kubeflow.pipelines.submission import Prepared
from pytest_kubeflow.scheduling.plan import PlannedRun, RunPlan
from pytest_kubeflow.waiting import Deadline

_LOOK = 0.5
_SIDE_BY_SIDE = 8
"""Runs that are made and submitted at once, and removed at once."""

_LONGEST_START = 60.0
"""Seconds for which the end of a session waits for a run that is just being made."""


class Submitter(Protocol):
    """What makes a run of what was prepared: a PipelineRunner."""

    def start(self, prepared: Prepared) -> PipelineRun:
        """Make what it needs and submit it."""


class Scheduler:
    """Of one session. `limit` runs are in flight at most; whose turn it is follows the plan.

    A slot is taken before anything is made for a run, and free again when the run has ended or its
    time is over. A test's run that nobody has begun yet is begun when the test asks for it. All
    threads are daemons: who leaves in a hurry does not wait for them.
    """

    def __init__(
        self,
        plan: RunPlan,
        submitter: Submitter,
        watcher: RunWatcher,
        *,
        limit: int,
        timeout: float,
        session: Deadline | None = None,
    ) -> None:
        self._plan = plan
        self._submitter = submitter
        self._watcher = watcher
        self._timeout = timeout
        self._session = session
        self._slots = threading.Semaphore(limit)
        self._lock = threading.Lock()
        self._futures: dict[PlannedRun, Future[PipelineRun]] = {}
        self._deadlines: dict[PlannedRun, Deadline] = {}
        self._holding: dict[PlannedRun, Callable[[], None]] = {}
        self._users = {run: set(run.tests) for run in plan}
        self._hands = threading.Semaphore(_SIDE_BY_SIDE)
        self._busy: set[threading.Thread] = set()
        self._stopped = threading.Event()

    @property
    def begun(self) -> int:
        """How many runs it has begun that no test has released."""
        return len(self._futures)

    def begin(self, runs: Iterable[PlannedRun]) -> None:
        """Begin to submit these, in this order. Returns at once."""
        if queue := [run for run in runs if run.error is None and self._claim(run)]:
            self._queue(queue)

    def _queue(self, runs: list[PlannedRun]) -> None:
        work = threading.Thread(
            target=self._submit_all, args=(runs,), name="scheduler", daemon=True
        )
        work.start()

    def _claim(self, run: PlannedRun) -> bool:
        """Whether this is the first to want it begun."""
        with self._lock:
            if run in self._futures:
                return False
            self._futures[run] = Future()
            return True

    def _submit_all(self, queue: list[PlannedRun]) -> None:
        for run in queue:
            self._slots.acquire()
            self._hands.acquire()
            with self._lock:
                over = self._is_over()
                if not over:
                    worker = threading.Thread(
                        target=self._submit, args=(run,), name="submit", daemon=True
                    )
                    self._busy.add(worker)
                    worker.start()
            if over:
                self._hands.release()
                self._slots.release()
                self._futures[run].set_exception(self._over(run))

    def _submit(self, run: PlannedRun) -> None:
        """Submit one for which a slot was taken."""
        future = self._futures[run]
        free = _once(self._slots.release)
        assert run.prepared is not None
        try:
            started = self._submitter.start(run.prepared)
        except BaseException as error:  # noqa: BLE001  raised where the test asks for its run
            free()
            future.set_exception(error)
        else:
            self._deadlines[run] = Deadline.after(run.declaration.timeout or self._timeout)
            self._holding[run] = free
            started.follow(free)
            future.set_result(started)
        finally:
            self._hands.release()
            with self._lock:
                self._busy.discard(threading.current_thread())

    def _free_overdue(self) -> None:
        """Runs whose time is over hold back no others, though it may be long until their tests."""
        for run, free in list(self._holding.items()):
            if self._deadlines[run].expired:
                free()

    def _is_over(self) -> bool:
        return self._stopped.is_set() or (self._session is not None and self._session.expired)

    def _over(self, run: PlannedRun) -> KubeflowError:
        message = "the session is over"
        if not self._stopped.is_set() and self._session is not None:
            message = f"the session's time is over ({self._session.seconds:g} s)"
        return WaitTimeout(f"the run for {run.declaration.test} was not submitted: {message}")

    def run_for(self, test: str) -> PipelineRun | None:
        """The test's run, as soon as it is submitted; None if it has declared none.

        Raises what its submission has raised.
        """
        planned = self._plan.run_of(test)
        if planned is None:
            return None
        if planned.error is not None:
            raise planned.error
        with self._lock:
            self._users[planned].add(test)  # once more, for a test that is run again
        if self._claim(planned):
            self._queue([planned])
        return self._started(planned)

    def _started(self, planned: PlannedRun) -> PipelineRun:
        future = self._futures[planned]
        try:
            while not future.done():
                if self._is_over():
                    raise self._over(planned)
                wait([future], timeout=_LOOK)
                self._free_overdue()
                self._watcher.on_update()
            return future.result()
        except BaseException:
            self._watcher.on_done()
            raise

    def wait_for(self, test: str) -> PipelineRun:
        """Wait until the run that `run_for` gave has ended as its declaration expects.

        Its time counts from its submission. Raises RunFailed, WaitTimeout.
        """
        planned = self._plan.run_of(test)
        assert planned is not None
        run = self._futures[planned].result()
        return run.wait_until(self._deadlines[planned], expect=planned.declaration.expect)

    def release(self, test: str) -> PipelineRun | None:
        """The test is done with its run: that run, if no other test wants it and it was begun."""
        planned = self._plan.run_of(test)
        if planned is None:
            return None
        with self._lock:
            users = self._users[planned]
            users.discard(test)
            future = self._futures.get(planned)
            if users or future is None or not future.done():
                return None
            del self._futures[planned]
            self._holding.pop(planned, None)
        return None if future.exception() is not None else future.result()

    def close(self, remove: Callable[[PipelineRun], None]) -> None:
        """Submit no more, and `remove` the runs that no test has released, side by side."""
        with self._lock:
            self._stopped.set()
            busy = list(self._busy)
        self._slots.release()  # whoever waits for one sees that this is over
        deadline = Deadline.after(_LONGEST_START)
        for worker in busy:
            worker.join(deadline.remaining())
        with self._lock:
            begun = [future for future in self._futures.values() if future.done()]
        left = [future.result() for future in begun if future.exception() is None]
        _side_by_side(remove, left)


def _side_by_side(work: Callable[[PipelineRun], None], runs: Sequence[PipelineRun]) -> None:
    todo = list(runs)
    lock = threading.Lock()

    def do() -> None:
        while True:
            with lock:
                if not todo:
                    return
                run = todo.pop()
            work(run)

    workers = [
        threading.Thread(target=do, name="remove", daemon=True)
        for _ in range(min(_SIDE_BY_SIDE, len(todo)))
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def _once(call: Callable[[], None]) -> Callable[[], None]:
    """`call`, but the first time alone."""
    lock = threading.Lock()

    def first() -> None:
        if lock.acquire(blocking=False):
            call()

    return first
