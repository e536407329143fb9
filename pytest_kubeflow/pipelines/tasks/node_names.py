"""Names of Argo's nodes, read back as places in the pipeline.

KFP compiles a task to several templates, and its `workflow-controller-configmap` gives each of them
a retry strategy, so that every level of a name carries the number of an attempt:
`x(0).root(0).for-loop-1(0).iteration-iterations(1:1)(0).iteration-item(0).double(0).executor(0)` is
the pod of `for-loop-1[1]/double`. Without that strategy the same names come without the numbers.
Source: kubeflow/pipelines backend/src/v2/compiler/argocompiler/dag.go and container.go; the names
of hooks are those of argo-workflows workflow/common/util.go.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

_LEVEL = re.compile(
    r"(?P<stem>[^()]*)(?:\((?P<index>\d+):[^()]*\))?(?:\((?P<attempt>\d+)\))?", re.ASCII
)
_DRIVER = "-driver"
_ROOT, _HOOK, _EXECUTOR = "root", "onExit", "executor"
_ITERATION, _ITERATIONS, _ITEM = "iteration", "iteration-iterations", "iteration-item"
_DRIVER_TEMPLATES = ("system-dag-driver", "system-container-driver")


class Role(Enum):
    """What a node is to its task: the task itself, its driver, the component's pod, or a frame."""

    TASK = "task"
    DRIVER = "driver"
    EXECUTOR = "executor"
    FRAME = "frame"


@dataclass(frozen=True, slots=True)
class NodeName:
    """Where a node stands: `place` has the number of each iteration ("for-loop-1[0]").

    `attempt` is None for what Argo keeps around the attempts. The root of the pipeline has the
    empty place.
    """

    place: tuple[str, ...]
    role: Role
    attempt: int | None = None

    @property
    def path(self) -> tuple[str, ...]:
        """The place without numbers: the task's keys in the compiled pipeline."""
        return tuple(one.partition("[")[0] for one in self.place)

    @classmethod
    def read(cls, name: str, template: str = "") -> NodeName | None:
        """From a node's name, and its template where that is known; None for what is none of KFP's.

        Without the template a task called `x-driver` cannot be told from the driver of `x`, unless
        it is the pod of a component that is asked about.
        """
        _, *texts = name.split(".")
        levels = [_LEVEL.fullmatch(one) for one in texts]
        if not levels or not all(levels):
            return None
        read = [(one["stem"], one["index"], one["attempt"]) for one in levels if one is not None]
        attempt = None if read[-1][2] is None else int(read[-1][2])
        first = read[0][0]
        if first == _ROOT + _DRIVER and len(read) == 1:
            return cls((), Role.DRIVER, attempt)
        if first != _ROOT:
            return None
        place: list[str] = []
        for stem, index, _ in read[1:-1]:
            _step(place, stem, index)
        if len(read) == 1:
            return cls((), Role.TASK, attempt)
        return cls._last(place, read[-1], attempt, template)

    @classmethod
    def _last(
        cls,
        place: list[str],
        level: tuple[str, str | None, str | None],
        attempt: int | None,
        template: str,
    ) -> NodeName:
        stem, index, _ = level
        if stem == _HOOK:
            return cls((*place[:-1],), Role.FRAME, attempt)
        if stem == _ITERATIONS:
            _step(place, stem, index)
            return cls((*place,), Role.FRAME, attempt)
        if stem == _EXECUTOR and place and _ran_component(template):
            return cls((*place,), Role.EXECUTOR, attempt)
        if stem.endswith(_DRIVER) and (not template or template in _DRIVER_TEMPLATES):
            of = stem.removesuffix(_DRIVER)
            if of not in {_ITERATION, _ITEM}:
                place.append(of)
            return cls((*place,), Role.DRIVER, attempt)
        _step(place, stem, index)
        return cls((*place,), Role.TASK, attempt)


def _ran_component(template: str) -> bool:
    return not template or template.endswith("system-container-impl")


def _step(place: list[str], stem: str, index: str | None) -> None:
    """One level further in."""
    if stem == _HOOK:
        # An exit task is a hook of what it waits for, and stands beside it.
        place.pop()
    elif stem == _ITERATIONS:
        if index is not None and place:
            place[-1] += f"[{index}]"
    elif stem != _ITEM:
        place.append(stem)
