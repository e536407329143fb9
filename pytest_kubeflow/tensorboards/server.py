"""TensorBoardServer: the HTTP API of a TensorBoard, behind the gateway.

Paths: tensorboard/backend and tensorboard/plugins/scalar (http_api.md) of tensorflow/tensorboard.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from pytest_kubeflow.auth.loginwanted import wants_login
from pytest_kubeflow.auth.refusal import Refusal
from pytest_kubeflow.errors import AuthenticationError, NotFound
from pytest_kubeflow.network_errors import network_errors
from pytest_kubeflow.webapps.errors import ServerRefused
from pytest_kubeflow.webapps.reply import ServerReply, json_of

if TYPE_CHECKING:
    import requests

ENVIRONMENT = "/data/environment"
"""The path at which a server says what it shows."""

LOCATION = "data_location"
"""The field with the directory of its logs."""

_SCALARS = "/data/plugin/scalars"


@dataclass(frozen=True, slots=True)
class Scalar:
    """One number of a training: its step, its value, and when it was written (since 1970)."""

    step: int
    value: float
    wall_time: float


class TensorBoardServer:
    """Of one Tensorboard. `url` is that of its base, without a slash at the end.

    Raises AuthenticationError where a login is wanted, PermissionDenied where we are refused,
    NotFound, ServerRefused, ClusterUnreachable.
    """

    def __init__(self, url: str, session: requests.Session) -> None:
        self.url = url
        self._session = session

    def environment(self) -> ServerReply:
        """What it says of itself, asked once, whatever comes."""
        return ServerReply.of(self._session, self.url + ENVIRONMENT)

    def tags(self) -> dict[str, list[str]]:
        """The tags of scalars by run; the run in the logs' own directory is called "."."""
        found = self._json(f"{_SCALARS}/tags")
        if not isinstance(found, dict):
            raise ServerRefused(f"{self.url}{_SCALARS}/tags gives no runs: {found!r}", status=200)
        return {str(run): sorted(tags) for run, tags in found.items()}

    def scalars(self, run: str, tag: str) -> list[Scalar]:
        """The numbers of a tag, in the order of their steps. Raises NotFound for none."""
        rows = self._json(f"{_SCALARS}/scalars?{urlencode({'run': run, 'tag': tag})}")
        try:
            return [Scalar(int(step), float(value), float(wall)) for wall, step, value in rows]
        except (TypeError, ValueError) as error:
            raise ServerRefused(
                f"{self.url} gives no scalars of {run!r} {tag!r}: {str(rows)[:200]!r}", status=200
            ) from error

    def _json(self, path: str) -> Any:
        with network_errors(self.url):
            response = self._session.get(self.url + path, allow_redirects=False)
        found = json_of(response)
        if response.ok and found is not None and not wants_login(response):
            return found
        refusal = Refusal.of(response)
        if refusal.wants_login:
            raise AuthenticationError(
                f"GET {refusal}: the login has ended, or never was good for this path"
            )
        if response.status_code in {400, 404}:
            raise NotFound(f"GET {self.url}{path}: {refusal.words or 'there is nothing'}")
        if response.status_code in {401, 403} and refusal.is_known:
            raise refusal.error()
        raise ServerRefused(f"GET {refusal.summary}", status=response.status_code)
