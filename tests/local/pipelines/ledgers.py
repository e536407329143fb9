"""What ML Metadata holds of a run, property by property."""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.pipelines.outputs.mlmd import RUN_CONTEXT, MetadataSource, plain
from tests.local.pipelines.member import Member

_STATES = {2: "RUNNING", 3: "COMPLETE", 4: "FAILED", 5: "CACHED", 6: "CANCELED"}


class _Reader(MetadataSource):
    def read(self, run_id: str) -> list[dict[str, Any]]:
        found = self.call("GetContextByTypeAndName", type_name=RUN_CONTEXT, context_name=run_id)
        return [
            {key: plain(value) for key, value in one.custom_properties.items()}
            | {"id": one.id, "type": one.type, "state": _STATES[one.last_known_state]}
            for one in self._executions(found.context.id)
        ]


def executions(member: Member, run_id: str) -> list[dict[str, Any]]:
    """The custom properties of each execution, and its `id`, `type` and `state`."""
    return _Reader(member.post).read(run_id)
