"""A model is replaced and put back while clients ask it all the time: what they were told."""

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_kubeflow import Deadline, InferenceService, KubeflowError, wait_until

LEAST = 500
"""Requests at least while models are replaced."""

CANARY = 20
"""Percent of the requests that the new model gets first, where there are revisions."""

SETTLING = 30.0
"""Seconds in which the gateway may still know the old pods, or share as before."""

IN_A_ROW = 12
SAMPLE = 150
_CLIENTS, _PAUSE = 2, 0.03


class Clients:
    """Ask all the time; every answer counts, and so does every failure.

    Who has to wait is no failure: a request may take `timeout` seconds, while a pod starts.
    """

    def __init__(
        self, service: InferenceService, rows: Sequence[Sequence[float]], timeout: float
    ) -> None:
        self._timeout = timeout
        self.longest = 0.0
        self._predictors = [service.predictor(patient=False) for _ in range(_CLIENTS)]
        self._rows = rows
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=(one,), daemon=True) for one in self._predictors
        ]
        self.answers: list[list[Any]] = []
        self.failures: list[str] = []

    def __enter__(self) -> "Clients":
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for one in self._threads:
            one.join()

    @property
    def asked(self) -> int:
        """How many requests were answered, or failed."""
        return len(self.answers) + len(self.failures)

    def _ask(self, predictor: Any) -> None:
        while not self._stop.wait(_PAUSE):
            begun = time.monotonic()
            try:
                self.answers.append(predictor.predict(self._rows, timeout=self._timeout))
            except KubeflowError as error:
                self.failures.append(error.message)
            self.longest = max(self.longest, time.monotonic() - begun)

    def wait_for(self, answer: list[int], what: str, seconds: float = SETTLING) -> None:
        """Wait until the last answers are all this one."""
        begin = len(self.answers)
        wait_until(
            lambda: self.answers[begin:][-IN_A_ROW:],
            lambda last: len(last) == IN_A_ROW and all(one == answer for one in last),
            deadline=Deadline.after(seconds),
            what=what,
            describe=lambda last: (
                f"{sum(one == answer for one in last)} of the last {len(last)} answers are its"
            ),
        )


@dataclass
class Replacement:
    """What was seen. `old` and `new` are the right answers; `canary` those while it shared."""

    old: list[int]
    new: list[int]
    answers: list[list[Any]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    canary: list[list[Any]] | None = None
    seconds: float = 0.0
    longest: float = 0.0
    """Seconds that the slowest request took."""


def replace_and_roll_back(
    service: InferenceService,
    rows: Sequence[Sequence[float]],
    found: Replacement,
    *,
    uris: tuple[Callable[[], str], Callable[[], str]],
    timeout: float,
) -> Replacement:
    """Serve the new model instead of the old one, and the old one again, under load.

    `uris` give where the new model, and then the old one, is to be had: asked when it is time. The
    old one has `timeout` seconds to come back, and so has each request.
    """
    begun = time.monotonic()
    new, old = uris
    message = service.predictor().predict(rows)
    assert message == found.old, f"{service.name} answers {message}, and {found.old} is right"
    with Clients(service, rows, timeout) as clients:
        clients.wait_for(found.old, "the old model to answer")
        if service.mode == "Knative":
            service.update(new(), canary=CANARY).wait_ready()
            found.canary = _shared(service, clients, found)
            service.promote()
        else:
            service.update(new()).wait_ready()
        clients.wait_for(found.new, f"the new model of {service.name} to be the one that answers")
        uri = old()
        if service.mode == "Knative":
            service.roll_back()
        else:
            service.update(uri).wait_ready()
        # Its revision has no pods any more: the first requests wait for one.
        clients.wait_for(found.old, f"the old model of {service.name} to answer again", timeout)
        wait_until(
            lambda: clients.asked,
            lambda asked: asked >= LEAST,
            deadline=Deadline.after(10 * SETTLING),
            what=f"{LEAST} requests",
        )
    found.answers, found.failures = clients.answers, clients.failures
    found.seconds, found.longest = time.monotonic() - begun, clients.longest
    return found


def _shared(service: InferenceService, clients: Clients, found: Replacement) -> list[list[Any]]:
    """The answers while the new model had its share of the requests."""
    wait_until(
        lambda: sorted(part for part in service.state.traffic.values() if part),
        lambda parts: parts == [CANARY, 100 - CANARY],
        deadline=Deadline.after(SETTLING),
        what="requests to be shared",
    )
    begin = len(clients.answers)
    # The gateway may need a moment: the sample begins with the first answer of the new model.
    with_canary = Deadline.after(SETTLING)
    wait_until(
        lambda: found.new in clients.answers[begin:],
        bool,
        deadline=with_canary,
        what=f"the canary of {service.name} to answer",
    )
    start = len(clients.answers)
    wait_until(
        lambda: len(clients.answers) - start,
        lambda count: count >= SAMPLE,
        deadline=with_canary,
        what=f"{SAMPLE} answers beside a canary",
    )
    return list(itertools.islice(clients.answers, start, start + SAMPLE))
