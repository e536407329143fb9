"""LoadedRun: one run of a load, from before it is submitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_kubeflow.errors import KubeflowError, NotFound
from pytest_kubeflow.load.moments import RunMoments
from pytest_kubeflow.pipelines.runs.run import PipelineRun
from pytest_kubeflow.pipelines.runs.view import RunView

NOT_SUBMITTED = "it was not submitted"


class LoadedRun:
    """The `number`th run, with these `arguments`.

    `run` is None until it is accepted; `refusal` says why it was not.
    """

    def __init__(self, number: int, arguments: Mapping[str, object]) -> None:
        self.number = number
        self.arguments = arguments
        self.run: PipelineRun | None = None
        self.refusal = NOT_SUBMITTED
        self.view: RunView | None = None
        """What the list of runs says of it after the load; None where it is not there."""

        self.moments = RunMoments(None, None)
        self.has_ended = False
        """Whether nobody follows it any more: it has ended, or is gone."""

        self.was_terminated = False
        """Whether the load was ended before it."""

    def __repr__(self) -> str:
        return f"LoadedRun({self.name}, {self.state or 'unknown'})"

    @property
    def name(self) -> str:
        """That of the run, or its number as long as it has none."""
        return self.run.name if self.run is not None else f"number {self.number}"

    @property
    def state(self) -> str:
        """Its state after the load, as the list of runs has it; "" where nothing is known of it."""
        return self.view.state if self.view is not None else ""

    def outputs(self) -> Mapping[str, Any]:
        """What the run gave. Raises RunMismatch if its tasks do not account for its end."""
        if self.run is None:
            raise NotFound(f"run {self.name} gave nothing: {self.refusal}")
        return self.run.wait().outputs

    def why(self) -> str:
        """One sentence: why it has not succeeded. This asks the cluster for the reason."""
        if self.run is None:
            return f"run {self.name}: {self.refusal}"
        if self.was_terminated:
            return f"run {self.name} had not ended when the load was ended, and was terminated"
        try:
            self.run.wait(0.0)
        except KubeflowError as error:
            return error.message
        return f"run {self.name} is {self.state or 'not listed'} after the load"
