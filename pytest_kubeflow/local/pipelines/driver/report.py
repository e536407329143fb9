"""Report: what a launcher tells about the end of its task."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

Json = Any


class ReportError(ValueError):
    """A report that is not of the right form."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """An output artifact as the task left it; `type` is e.g. `system.Dataset`."""

    name: str
    uri: str
    type: str
    metadata: dict[str, Json] = field(default_factory=dict)

    def to_runtime(self) -> Json:
        """As a RuntimeArtifact of the executor input."""
        return {
            "name": self.name,
            "uri": self.uri,
            "type": {"schemaTitle": self.type},
            "metadata": self.metadata,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """Outputs of a task that succeeded, or the error of one that did not.

    `artifacts` maps an output's name to the artifacts in it. In a message, parameters that JSON has
    no number for (NaN, infinities) are in `not_finite`, as texts.
    """

    FIELDS: ClassVar[tuple[str, ...]] = ("parameters", "not_finite", "artifacts", "error")

    parameters: dict[str, Json] = field(default_factory=dict)
    artifacts: dict[str, list[Artifact]] = field(default_factory=dict)
    error: str = ""

    @staticmethod
    def from_json(message: dict[str, Json]) -> Report:
        """Read what the launcher sends. Raises ReportError."""
        try:
            apart = message.get("not_finite") or {}
            return Report(
                {
                    **(message.get("parameters") or {}),
                    **{name: float(text) for name, text in apart.items()},
                },
                {
                    key: [
                        Artifact(one["name"], one["uri"], one["type"], one.get("metadata") or {})
                        for one in artifacts
                    ]
                    for key, artifacts in (message.get("artifacts") or {}).items()
                },
                str(message.get("error") or ""),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ReportError(f"a report that is not understood: {error!r}") from None
