"""Anonymous: no credentials, for a Kubeflow Pipelines that asks for none."""

from __future__ import annotations

from collections.abc import Mapping


class Anonymous:
    """Sends nothing."""

    description = "no login"
    user: str | None = None

    def headers(self) -> Mapping[str, str]:
        """None."""
        return {}

    def renew(self, _refused: Mapping[str, str]) -> bool:
        """There is nothing to renew."""
        return False
