"""RegistryClient: blobs and manifests of one registry, by the OCI distribution API.

docs/explanation/decisions/0014 says why it is neither oras nor python-dxf.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from pytest_kubeflow.config.imagereference import DOCKER_HUB, ImageReference, is_loopback
from pytest_kubeflow.network_errors import network_errors
from pytest_kubeflow.registry.challenge import Challenge
from pytest_kubeflow.registry.credentials import RegistryLogin
from pytest_kubeflow.registry.errors import RegistryError, codes_of, said_by
from pytest_kubeflow.registry.manifest import ACCEPTED, Manifest
from pytest_kubeflow.retries.policy import RetryPolicy
from pytest_kubeflow.retries.statuses import is_html, outage_in

if TYPE_CHECKING:
    import requests

CLIENT = "registry"

MAX_OUTAGE = 10.0
"""Seconds: a registry that is away is told, not waited for."""

_SECONDS = (5.0, 60.0)  # to connect, and between two bytes
_HUB_HOST = "registry-1.docker.io"
_LARGEST_MANIFEST = 4 << 20  # bytes, as registries take them


class RegistryClient:
    """One registry, asked by https; one on loopback by http, as container runtimes do.

    Methods raise RegistryError with the registry's own words, ClusterUnreachable where nothing
    answers.
    """

    def __init__(
        self,
        registry: str,
        login: RegistryLogin | None = None,
        *,
        session: requests.Session | None = None,
    ) -> None:
        import requests

        self.registry = registry
        self._login = login
        host = _HUB_HOST if registry == DOCKER_HUB else registry
        self.url = f"{'http' if is_loopback(registry) else 'https'}://{host}"
        self._session = session or requests.Session()
        self._policy = RetryPolicy(CLIENT, MAX_OUTAGE)
        self._authorization: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"RegistryClient({self.url!r})"

    def check(self) -> None:
        """See that it is a registry, and that it knows us."""
        response = self._request("GET", "/v2/")
        if is_html(response.headers):
            raise self._refused(response, f"{self.registry} is no registry")

    def manifest(self, image: ImageReference) -> Manifest:
        """The manifest, or the index, of an image of this registry."""
        return self._manifest(image, "GET")

    def digest(self, image: ImageReference) -> str:
        """The digest that a tag has now."""
        return self._manifest(image, "GET").digest

    def has_blob(self, repository: str, digest: str) -> bool:
        """Whether a blob is there already."""
        path = f"/v2/{repository}/blobs/{digest}"
        return self._request("HEAD", path, missing=True).status_code == 200

    def blob(self, repository: str, digest: str) -> bytes:
        """The content of a blob, seen to be what its digest says."""
        response = self._request("GET", f"/v2/{repository}/blobs/{digest}")
        if digest_of(response.content) != digest:
            raise RegistryError(
                f"{self.registry} gives {len(response.content)} bytes for the blob {digest} of "
                f"{repository} that have another digest, {digest_of(response.content)}",
                status=response.status_code,
            )
        return response.content

    def mount_blob(self, repository: str, digest: str, origin: str) -> bool:
        """Let a blob of the repository `origin` be one of another; whether the registry did."""
        if self.has_blob(repository, digest):
            return True
        query = f"mount={digest}&from={origin}"
        response = self._request("POST", f"/v2/{repository}/blobs/uploads/?{query}")
        if response.status_code == 201:
            return True
        if (location := response.headers.get("Location")) is not None:  # an upload has begun
            self._give_up(location)
        return False

    def check_push(self, repository: str) -> None:
        """See that it takes what is pushed under this name: an upload is begun, and given up."""
        self._give_up(self._begin_upload(repository))

    def push_blob(self, repository: str, content: bytes) -> str:
        """Put a blob there unless it is; its digest."""
        digest = digest_of(content)
        if self.has_blob(repository, digest):
            return digest
        # The place may be absolute or not, may have a query, and on another host of the registry.
        place = urljoin(f"{self.url}/", self._begin_upload(repository))
        joint = "&" if urlsplit(place).query else "?"
        url = f"{place}{joint}digest={digest}"
        try:
            self._request("PUT", url, body=content, kind="application/octet-stream")
        except RegistryError as error:
            # Of an upload whose response was lost the place is gone, and the blob is there.
            if error.status != HTTPStatus.NOT_FOUND or not self.has_blob(repository, digest):
                raise
        return digest

    def push_manifest(self, image: ImageReference, manifest: Manifest) -> str:
        """Put a manifest there, under the tag of `image` or by its digest; its digest."""
        version = image.tag or manifest.digest
        path = f"/v2/{image.repository}/manifests/{version}"
        response = self._request("PUT", path, body=manifest.content, kind=manifest.media_type)
        message = response.headers.get("Docker-Content-Digest", manifest.digest)
        if message != manifest.digest:
            raise RegistryError(
                f"{self.registry} has kept {image} as {message}, not as {manifest.digest}",
                status=response.status_code,
            )
        return manifest.digest

    def delete(self, repository: str, digest: str) -> bool:
        """Remove a manifest; whether the registry does that (many have it switched off)."""
        path = f"/v2/{repository}/manifests/{digest}"
        try:
            self._request("DELETE", path, missing=True)
        except RegistryError as error:
            if error.status in {400, 405}:
                return False
            raise
        return True

    def _begin_upload(self, repository: str) -> str:
        start = self._request("POST", f"/v2/{repository}/blobs/uploads/")
        location = start.headers.get("Location")
        if start.status_code != 202 or not location:
            raise self._refused(start, f"{self.registry} begins no upload to {repository}")
        return location

    def _give_up(self, location: str) -> None:
        """End an upload; registries that do not do that forget it by themselves."""
        with suppress(RegistryError):
            self._request("DELETE", urljoin(f"{self.url}/", location))

    def _manifest(self, image: ImageReference, method: str) -> Manifest:
        path = f"/v2/{image.repository}/manifests/{image.version}"
        response = self._request(method, path, accept=ACCEPTED)
        body = response.content[: _LARGEST_MANIFEST + 1]
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip()
        try:
            found = Manifest.parse(body, kind)
        except ValueError as error:
            message = f"{self.registry} gives no manifest for {image}: {error}"
            raise self._refused(response, message) from None
        if image.digest and found.digest != image.digest:
            raise RegistryError(
                f"{self.registry} gives another manifest for {image}: {found.digest}",
                status=response.status_code,
            )
        return found

    def _request(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        kind: str | None = None,
        accept: str | None = None,
        missing: bool = False,
    ) -> requests.Response:
        url = path if "://" in path else self.url + path
        headers = {"Accept": accept or "*/*"} | ({"Content-Type": kind} if kind else {})

        def send() -> requests.Response:
            return self._session.request(
                method,
                url,
                data=body,
                headers={**headers, **self._authorized(url)},
                timeout=_SECONDS,
            )

        def outage(response: requests.Response) -> Any:
            return (
                None
                if response.status_code == 401
                else outage_in(response.status_code, response.headers, response.content)
            )

        with network_errors(self.url):
            response = self._policy.response(send, outage)
            if response.status_code == 401 and self._authorize(response):
                response = self._policy.response(send, outage)
        if response.ok or (missing and response.status_code == 404):
            return response
        raise self._refused(response, f"{self.registry} refuses {method} {urlsplit(url).path}")

    def _authorized(self, url: str) -> Mapping[str, str]:
        """Our credentials, for this registry alone: uploads may lead to a store elsewhere."""
        return self._authorization if url.startswith(f"{self.url}/") else {}

    def _authorize(self, response: requests.Response) -> bool:
        """Do what a 401 asks for; False if there is nothing more to be tried."""
        challenge = Challenge.parse(response.headers.get("WWW-Authenticate", ""))
        before = dict(self._authorization)
        if challenge is None:
            return False
        if challenge.scheme == "basic":
            if self._login is None:
                return False
            self._authorization = {"Authorization": f"Basic {self._login.basic}"}
        else:
            self._authorization = {"Authorization": f"Bearer {self._token(challenge)}"}
        return self._authorization != before

    def _token(self, challenge: Challenge) -> str:
        realm = challenge.realm
        secure = realm.startswith("https://") or is_loopback(urlsplit(realm).netloc)
        if not secure and self._login is not None:
            raise RegistryError(
                f"{self.registry} wants the password sent to {realm}, which is not https",
                status=401,
            )
        headers = {"Authorization": f"Basic {self._login.basic}"} if self._login else {}
        with network_errors(realm):
            response = self._session.get(
                realm, params=challenge.query, headers=headers, timeout=_SECONDS
            )
        try:
            found = response.json() if response.ok else {}
        except ValueError:
            found = {}
        token = found.get("token") or found.get("access_token") if isinstance(found, dict) else None
        if not token:
            raise self._refused(response, f"{realm} gives no token for {self.registry}")
        return str(token)

    def _refused(self, response: requests.Response, reason: str) -> RegistryError:
        status, codes = response.status_code, codes_of(response.content)
        words = said_by(response.content)
        if status == 401:
            who = f"as {self._login.username}" if self._login else "without a login"
            reason = f"{self.registry} lets nobody in {who}: give another with {CREDENTIALS}"
        elif is_html(response.headers):
            reason = f"{self.registry} answers with a page of HTML: is it a registry?"
        elif status == 429:
            reason = f"{self.registry} has had too many requests from here: try again later"
        message = f" (HTTP {status}: {words})" if words else f" (HTTP {status})"
        return RegistryError(reason + message, status=status, code=next(iter(codes), None))


CREDENTIALS = "KF_REGISTRY_USERNAME and KF_REGISTRY_PASSWORD, or --kf-registry-auth-file"
"""What names a login."""


def digest_of(content: bytes) -> str:
    """As registries name content."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def as_json(document: Mapping[str, Any]) -> bytes:
    """A document as it is pushed: the same bytes each time."""
    return json.dumps(document, separators=(",", ":"), sort_keys=True).encode()
