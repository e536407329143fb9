"""RunActions: what a run is told to do. Each is repeated as the client's policy says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.errors import NotFound
from pytest_kubeflow.pipelines.client import calling, tell
from pytest_kubeflow.pipelines.runs.states import FINAL_STATES
from pytest_kubeflow.pipelines.transport import policy_of


@dataclass(frozen=True)
class RunActions:
    """Of one run. `client` is a kfp.Client; `state` asks for the run's state."""

    client: Any
    run_id: str
    name: str
    state: Callable[[], str]

    def terminate(self) -> None:
        """Stop it."""
        self._tell("terminate", self.client.terminate_run)

    def archive(self) -> None:
        """Take it out of the lists of what is available."""
        self._tell("archive", self.client.archive_run)

    def unarchive(self) -> None:
        """Put it back."""
        self._tell("unarchive", self.client.unarchive_run)

    def retry(self) -> None:
        """Begin again what has failed of it. The SDK has no method for that."""

        def retry() -> None:
            with calling(f"retry run {self.name}"):
                self.client._run_api.run_service_retry_run(self.run_id)

        def begun() -> bool | None:
            return True if self.state() not in FINAL_STATES else None

        # A response that was lost does not say that nothing was begun: not twice, then.
        policy_of(self.client).repeat(retry, safe=False, done=begun)

    def delete(self) -> None:
        """Remove it; one that is gone already is fine."""
        try:
            with calling(f"delete run {self.name}"):
                self.client.delete_run(self.run_id)
        except NotFound:
            pass  # the response to an earlier attempt was lost

    def _tell(self, what: str, ask: Callable[[str], Any]) -> None:
        tell(self.client, f"{what} run {self.name}", lambda: ask(self.run_id))
