"""Arguments of templates, and what checks a template with them."""

from __future__ import annotations

from typing import Any, Protocol

Json = Any


class AnyArguments(dict[str, Any]):
    """Arguments of which every parameter and every artifact is there."""


class TemplateValidation(Protocol):
    """What the checks of DAGs and steps ask of the validation of their Workflow."""

    known: dict[str, str]

    def placeholder(self) -> str:
        """A text that stands for a value that is not known yet."""

    def holder(self, holder: Json, arguments: Json) -> Json:
        """Check the template that a step or task names; it. Raises WorkflowError."""
