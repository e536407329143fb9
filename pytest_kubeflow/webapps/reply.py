"""ServerReply: what is answered at the path of a notebook, a viewer or a TensorBoard."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_kubeflow.auth.refusal import Refusal
from pytest_kubeflow.auth.retries import gateway_policy
from pytest_kubeflow.network_errors import network_errors

if TYPE_CHECKING:
    import requests


@dataclass(frozen=True, slots=True)
class ServerReply:
    """`json` is None for anything else than JSON; `words` are the server's own."""

    status: int
    content_type: str
    words: str
    json: Any = field(default=None, repr=False)

    @classmethod
    def of(cls, session: requests.Session, url: str) -> ServerReply:
        """GET `url`, and take the first response, whatever it is; no redirect is followed.

        Again where there was none, or half of one, for as long as a gateway may be away. Raises
        ClusterUnreachable.
        """
        with network_errors(url):
            response = gateway_policy().repeat(lambda: session.get(url, allow_redirects=False))
        refusal = Refusal.of(response)
        return cls(response.status_code, refusal.kind, refusal.words, json_of(response))

    def has(self, field: str) -> bool:
        """Whether it is a JSON object with this field, and no page of something else."""
        return self.status == 200 and isinstance(self.json, dict) and field in self.json

    def __str__(self) -> str:
        kind = f" ({self.content_type})" if self.content_type else ""
        return f"{self.status}{kind}" + (f": {self.words}" if self.words else "")


def json_of(response: requests.Response) -> Any:
    """The JSON of a response; None for anything else."""
    try:
        return response.json() if response.content else None
    except ValueError:
        return None
