"""RegistryClient: manifests and layers from registries of this machine, as containerd gets them.

Words: what containerd 1.6 says of the same registries, as a kubelet 1.34 passes it on.
"""

from __future__ import annotations

import hashlib
import json
import platform
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.abc import ResolveResult

from pytest_kubeflow.local.kubelet.images.layers import ARCHITECTURES
from pytest_kubeflow.local.kubelet.images.name import ImageName
from pytest_kubeflow.local.kubelet.images.pullsecrets import RegistryLogin, chosen

MANIFESTS = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
)
INDEXES = (
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.index.v1+json",
)
_ACCEPT = ", ".join((*MANIFESTS, *INDEXES, "*/*"))
_SECONDS = aiohttp.ClientTimeout(total=None, sock_connect=30, sock_read=60)
_CHUNK = 1 << 16

MakeSocket = Callable[[Any], socket.socket]
"""Makes a socket for an address, as aiohttp asks for it."""


class PullError(Exception):
    """An image cannot be pulled; the message is containerd's."""


@dataclass(frozen=True, slots=True)
class RemoteManifest:
    """`digest` is that of the manifest, or of the index it was chosen from, as asked for."""

    digest: str
    document: dict[str, Any]


class RegistryClient:
    """Asks registries, with sockets that `make_socket` makes; a name below localhost is loopback.

    Methods raise PullError.
    """

    def __init__(self, make_socket: MakeSocket | None = None) -> None:
        self._make_socket = make_socket
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def manifest(
        self,
        reference: str,
        image: ImageName,
        logins: Sequence[RegistryLogin],
        *,
        any_platform: bool = False,
    ) -> RemoteManifest:
        """The manifest of an image for this machine's platform, or for the first one there is."""
        failed = f'failed to pull and unpack image "{reference}"'
        resolving = f'{failed}: failed to resolve reference "{reference}"'
        response = await self._asked("HEAD", image, f"manifests/{image.version}", logins, resolving)
        digest = str(image.digest or response.headers.get("Docker-Content-Digest", ""))
        document, kind, found = await self._document(reference, image, digest, logins)
        if kind in INDEXES:
            chosen_one = _for_this_machine(document, any_platform=any_platform)
            if chosen_one is None:
                message = "no match for platform in manifest: not found"
                raise PullError(f"{_NOT_FOUND}{failed}: {message}")
            document, kind, _ = await self._document(reference, image, chosen_one, logins)
        if kind not in MANIFESTS:
            raise PullError(
                f"{_NOT_FOUND}{failed}: failed to unpack image on snapshotter overlayfs: "
                f"unexpected media type {kind} for {found}: not found"
            )
        return RemoteManifest(found, document)

    async def blob(
        self,
        reference: str,
        image: ImageName,
        digest: str,
        path: Path,
        logins: Sequence[RegistryLogin],
    ) -> None:
        """Fetch a blob to the file `path`, seen to be what its digest says."""
        failed = f'failed to pull and unpack image "{reference}": failed to copy'
        response = await self._asked("GET", image, f"blobs/{digest}", logins, failed)
        content = hashlib.sha256()
        with path.open("wb") as file:
            async for chunk in response.content.iter_chunked(_CHUNK):
                content.update(chunk)
                file.write(chunk)
        if f"sha256:{content.hexdigest()}" != digest:
            raise PullError(
                f"{failed}: failed commit on ref: unexpected commit digest "
                f"sha256:{content.hexdigest()}, expected {digest}: failed precondition"
            )

    async def _document(
        self, reference: str, image: ImageName, version: str, logins: Sequence[RegistryLogin]
    ) -> tuple[dict[str, Any], str, str]:
        failed = f'failed to pull and unpack image "{reference}": failed to copy'
        path = f"manifests/{version or image.version}"
        response = await self._asked("GET", image, path, logins, failed)
        body = await response.read()
        found = f"sha256:{hashlib.sha256(body).hexdigest()}"
        if version and found != version:
            raise PullError(
                f"{failed}: failed commit on ref: unexpected commit digest {found}, expected "
                f"{version}: failed precondition"
            )
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip()
        try:
            document = json.loads(body)
        except ValueError:
            return {}, kind, found
        if not isinstance(document, dict):
            return {}, kind, found
        return document, str(document.get("mediaType") or kind), found

    async def _asked(
        self,
        method: str,
        image: ImageName,
        path: str,
        logins: Sequence[RegistryLogin],
        failed: str,
    ) -> aiohttp.ClientResponse:
        scheme = "http" if image.is_on_loopback else "https"
        url = f"{scheme}://{image.registry}/v2/{image.repository}/{path}"
        for login in chosen(logins, image):
            headers = {"Accept": _ACCEPT} | (
                {"Authorization": f"Basic {login.basic}"} if login is not None else {}
            )
            try:
                response = await self._client().request(
                    method, url, headers=headers, timeout=_SECONDS
                )
            except (aiohttp.ClientError, TimeoutError) as error:
                asked = f'{failed}: failed to do request: {method.title()} "{url}"'
                raise PullError(f"{asked}: {_described(error, image)}") from None
            if response.status != HTTPStatus.UNAUTHORIZED:
                break
            response.release()
        if response.status >= HTTPStatus.BAD_REQUEST:
            response.release()
        if response.status == HTTPStatus.NOT_FOUND:
            name = f"{image.registry}/{image.repository}"
            joint = "@" if image.digest else ":"
            raise PullError(f"{_NOT_FOUND}{failed}: {name}{joint}{image.version}: not found")
        if response.status >= HTTPStatus.BAD_REQUEST:
            phrase = HTTPStatus(response.status).phrase
            kind, _, version = path.partition("/")
            raise PullError(
                f"{failed}: pulling from host {image.registry} failed with status code "
                f"[{kind} {version}]: {response.status} {phrase}"
            )
        return response

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                resolver=_Resolver(), socket_factory=self._make_socket, limit=8
            )
            self._session = aiohttp.ClientSession(connector=connector, auto_decompress=False)
        return self._session


_NOT_FOUND = "rpc error: code = NotFound desc = "


class _Resolver(aiohttp.ThreadedResolver):
    """The system's, for which names below localhost are loopback (RFC 6761, 6.3)."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        local = host == "localhost" or host.endswith(".localhost")
        return await super().resolve("127.0.0.1" if local else host, port, family)


def _described(error: BaseException, image: ImageName) -> str:
    """As Go says it."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"dial tcp: lookup {image.host}: no such host"
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        if "WRONG_VERSION_NUMBER" in str(error) or "RECORD_LAYER" in str(error):
            return "http: server gave HTTP response to HTTPS client"
        return f"tls: failed to verify certificate: {error}"
    if isinstance(error, aiohttp.ClientConnectorError):
        words = (error.os_error.strerror or str(error.os_error)).lower()
        if isinstance(error.os_error, ConnectionRefusedError):
            words = "connection refused"
        return f"dial tcp {image.registry}: connect: {words}"
    if isinstance(error, TimeoutError):
        return "net/http: timeout awaiting response headers"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "EOF"
    return str(error)


def _for_this_machine(index: dict[str, Any], *, any_platform: bool) -> str | None:
    """The digest of the manifest for this platform."""
    wanted = ARCHITECTURES.get(platform.machine(), platform.machine())
    for one in index.get("manifests") or ():
        found = one.get("platform") or {}
        if any_platform or (found.get("os"), found.get("architecture")) == ("linux", wanted):
            return str(one["digest"])
    return None
