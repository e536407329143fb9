"""OwnImage: an image that components are to run in, and what is known of it beforehand."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_kubeflow.registry.inspection import RemoteImage


@dataclass(frozen=True, slots=True)
class OwnImage:
    """`name` is what components ask for. `remote` is None where its registry is not asked."""

    name: str
    pull_secrets: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    remote: RemoteImage | None = None
    digest: str = ""
    """The digest that has to run; empty: nobody has said it, and nobody knows."""

    def __str__(self) -> str:
        return self.name
