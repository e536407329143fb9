"""GivenValuesMaker: makes Secrets or ConfigMaps in one namespace, and removes them."""

from __future__ import annotations

from pytest_kubeflow.deletion import in_turn
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.sessions.made import MADE
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.redaction import Redactor
from pytest_kubeflow.secrets.given import GivenValues, Kind, Values, create


class GivenValuesMaker:
    """`kf_secret({"password": "..."})` makes one; `close` removes what was made.

    What is in a Secret is masked from then on in all that the session shows and writes.
    """

    def __init__(
        self,
        kind: Kind,
        kubernetes: KubernetesClient,
        namespace: str,
        *,
        ownership: Ownership,
        redactor: Redactor,
    ) -> None:
        self._kind = kind
        self._kubernetes = kubernetes
        self._namespace = namespace
        self._ownership = ownership
        self._redactor = redactor
        self.made: list[GivenValues] = []

    def __call__(self, values: Values, *, namespace: str | None = None) -> GivenValues:
        """One with these values, in the session's namespace or in another."""
        given = create(
            self._kubernetes,
            self._kind,
            namespace or self._namespace,
            self._ownership.name(self._kind),
            values=values,
            labels=self._ownership.labels(),
            conceal=self._conceal,
        )
        self.made.append(given)
        MADE.add(self._kind.lower())
        return given

    def _conceal(self, values: Values) -> None:
        if self._kind != "Secret":
            return
        for value in values.values():
            # What of bytes is no text is not shown as such.
            text = value if isinstance(value, str) else value.decode(errors="ignore")
            self._redactor.add(text)

    def close(self) -> None:
        """Remove them. The first error is raised at the end."""
        in_turn(self.made.pop().delete for _ in range(len(self.made)))
