"""Output parameters of DAGs, which no source tells: worked out from the tasks inside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from pytest_kubeflow.pipelines.packages.package import Package


class _DagTask(Protocol):
    """What is asked of a task."""

    @property
    def path(self) -> tuple[str, ...]: ...
    @property
    def place(self) -> tuple[str, ...]: ...
    @property
    def is_dag(self) -> bool: ...
    @property
    def outputs(self) -> Mapping[str, Any]: ...


class _Collected(list[Any]):
    """The values of a loop; loops in loops give one flat list, as the real driver makes it."""


class DagOutputs:
    """The outputs of the DAGs of one run, whose tasks are `tasks`, by their labels."""

    def __init__(self, package: Package, tasks: Mapping[str, _DagTask]) -> None:
        self._root = package.root
        self._components = {path: component for path, _, component in package.tasks()}
        self._tasks = tasks

    def of_pipeline(self) -> dict[str, Any]:
        """The pipeline's own."""
        return _plain(self._gathered(self._root, ()))

    def of(self, task: _DagTask) -> dict[str, Any]:
        """Those of a nested pipeline, of a loop (lists), or of one of its iterations."""
        return _plain(self._outputs(task))

    def _outputs(self, task: _DagTask) -> Mapping[str, Any]:
        if not task.is_dag:
            return task.outputs
        place = task.place or task.path
        iterations = list(self._iterations(place))
        if not iterations:
            return self._gathered(self._components.get(task.path, {}), place)
        collected: dict[str, Any] = {}
        for one in iterations:
            for name, value in self._outputs(one).items():
                values = collected.setdefault(name, _Collected())
                values.extend(value if isinstance(value, _Collected) else [value])
        return collected

    def _iterations(self, place: tuple[str, ...]) -> Iterator[_DagTask]:
        number = 0
        while found := self._tasks.get("/".join((*place[:-1], f"{place[-1]}[{number}]"))):
            yield found
            number += 1

    def _gathered(self, component: Mapping[str, Any], place: tuple[str, ...]) -> dict[str, Any]:
        outputs = {}
        dag = component.get("dag", {})
        for name, source in dag.get("outputs", {}).get("parameters", {}).items():
            one = source.get("valueFromParameter")
            choices = (
                [one] if one else source.get("valueFromOneof", {}).get("parameterSelectors", [])
            )
            for choice in choices:
                producer = self._tasks.get("/".join((*place, choice["producerSubtask"])))
                values = self._outputs(producer) if producer is not None else {}
                if choice["outputParameterKey"] in values:
                    outputs[name] = values[choice["outputParameterKey"]]
                    break
        return outputs


def _plain(outputs: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: list(value) if isinstance(value, _Collected) else value
        for name, value in outputs.items()
    }
