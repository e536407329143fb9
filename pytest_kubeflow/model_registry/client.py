"""ModelRegistryClient: the REST API of a Model Registry, behind the gateway.

Source: kubeflow/model-registry v0.3.8, api/openapi/model-registry.yaml. Servers of 26.03 have
version v1alpha3; its SDK from 0.3.18 on asks for v1, which is taken where it is served.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pytest_kubeflow.auth.loginwanted import wants_login
from pytest_kubeflow.auth.refusal import Refusal
from pytest_kubeflow.errors import (
    AuthenticationError,
    ComponentMissing,
    KubeflowError,
    NotFound,
    PermissionDenied,
)
from pytest_kubeflow.model_registry.errors import ModelRegistryRefused
from pytest_kubeflow.network_errors import network_errors

if TYPE_CHECKING:
    import requests

PREFIX = "/api/model_registry"
VERSIONS = ("v1alpha3", "v1")
"""Those that are looked for, in this order."""

_PAGE = 100
_SAFE = "GET"


class ModelRegistryClient:
    """At the gateway, with a session's credentials. Entities are the API's own JSON objects.

    Raises ComponentMissing where there is no registry, AuthenticationError, PermissionDenied,
    NotFound, ModelRegistryRefused, ClusterUnreachable.
    """

    def __init__(self, gateway_url: str, session: requests.Session) -> None:
        self.url = gateway_url + PREFIX
        self._session = session
        self._version = ""

    @property
    def version(self) -> str:
        """The version of its API that is asked: the first of VERSIONS that it serves."""
        if not self._version:
            self._version = self._served()
        return self._version

    def get(self, path: str, **parameters: str) -> Mapping[str, Any]:
        """One entity: `registered_models/1`, or `registered_model` by `name`."""
        return self._called(_SAFE, path, parameters)

    def pages(self, path: str) -> Iterator[Mapping[str, Any]]:
        """All entities of a list: `registered_models`, `model_versions/1/artifacts`."""
        token = ""
        while True:
            asked = {"pageSize": str(_PAGE), "nextPageToken": token}
            page = self._called(_SAFE, path, {key: one for key, one in asked.items() if one})
            if not isinstance(page.get("items"), list):
                raise ModelRegistryRefused(
                    f"GET {self._place(path)} gives no list of items", status=200
                )
            yield from page["items"]
            token = str(page.get("nextPageToken") or "")
            if not token:
                return

    def create(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Make an entity. ModelRegistryRefused with status 409: its name is taken."""
        return self._called("POST", path, body=body)

    def update(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Change an entity.

        What is not in `body` stays, but for `state`: servers of 0.3.8 make what was archived live
        again where an update names none.
        """
        return self._called("PATCH", path, body=body)

    def _place(self, path: str) -> str:
        return f"{PREFIX}/{self.version}/{path}"

    def _called(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Mapping[str, Any]:
        response = self._asked(method, f"{self.version}/{path}", parameters, body)
        found = _object_of(response)
        if response.ok and found is not None and found.get("id", "") != "":
            return found
        if response.ok and found is not None and "items" in found:
            return found
        raise self._error(method, path, response, found)

    def _asked(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> requests.Response:
        with network_errors(self.url):
            return self._session.request(
                method,
                f"{self.url}/{path}",
                params=parameters,
                json=body,
                headers={"Accept": "application/json"},
                allow_redirects=False,
            )

    def _served(self) -> str:
        told = []
        for version in VERSIONS:
            response = self._asked(_SAFE, f"{version}/registered_models", {"pageSize": "1"})
            found = _object_of(response)
            if response.ok and found is not None and "items" in found:
                return version
            refusal = Refusal.of(response)
            if wants_login(response):
                raise AuthenticationError(f"{refusal}: the login has ended, or is not taken here")
            if response.status_code in {401, 403}:
                raise refusal.error()
            told.append(f"{version} {refusal.summary}")
        raise ComponentMissing(f"there is no Model Registry at {self.url}: {'; '.join(told)}")

    def _error(
        self,
        method: str,
        path: str,
        response: requests.Response,
        found: Mapping[str, Any] | None,
    ) -> KubeflowError:
        message = f"{method} {self._place(path)} answers {response.status_code}"
        if found is not None and found.get("message"):  # it is the registry's own word
            message = f"{message}: {found['message']}"
            if response.status_code == 404:
                return NotFound(message)
            return ModelRegistryRefused(message, status=response.status_code)
        refusal = Refusal.of(response)
        if wants_login(response):
            return AuthenticationError(f"{refusal}: the login has ended")
        if response.status_code == 403:
            return PermissionDenied(f"{method} {refusal.summary}")
        return ModelRegistryRefused(f"{method} {refusal.summary}", status=response.status_code)


def _object_of(response: requests.Response) -> Mapping[str, Any] | None:
    try:
        found = response.json()
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
