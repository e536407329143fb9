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
    """The digest that was asked for; empty: nobody has said it, and nobody knows."""

    @property
    def digests(self) -> frozenset[str]:
        """Those of which one has to run; empty: nobody knows.

        containerd tells the digest under which it has seen an image first: that of an index, or
        that of the image which was chosen from it.
        """
        if self.remote is not None and self.digest in self.remote.digests:
            return self.remote.digests
        return frozenset({self.digest} if self.digest else ())

    def __str__(self) -> str:
        return self.name
