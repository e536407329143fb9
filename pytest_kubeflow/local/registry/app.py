"""The HTTP face of a registry.

Paths and headers: opencontainers/distribution-spec; statuses and words: what docker-registry 2.8
answers to the same requests.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.registry.basicauth import REALM, BasicAuth
from pytest_kubeflow.local.registry.blobs import DIGEST
from pytest_kubeflow.local.registry.errors import Refused
from pytest_kubeflow.local.registry.repositories import Repositories, StoredManifest

_VERSION = {"Docker-Distribution-Api-Version": "registry/2.0"}
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"{_PART}(?:/{_PART})*", re.ASCII)
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_RANGE = re.compile(r"(\d+)-(\d+)", re.ASCII)
_LARGEST_MANIFEST = 4 << 20  # bytes

Handler = Callable[[Request], Awaitable[Response]]


class _Registry:
    def __init__(self, content: Repositories, auth: BasicAuth, faults: Faults) -> None:
        self._content = content
        self._auth = auth
        self._faults = faults

    def guarded(self, handler: Handler) -> Handler:
        """`handler` for those who are allowed, its refusals as responses."""

        async def handle(request: Request) -> Response:
            response: Response
            try:
                if not self._lets_in(request):
                    raise Refused("UNAUTHORIZED")
                name = request.path_params.get("name")
                if name is not None and not _NAME.fullmatch(name):
                    response = PlainTextResponse("404 page not found\n", 404)
                else:
                    response = await handler(request)
            except Refused as refused:
                response = JSONResponse(refused.body, refused.status)
                if refused.status == 401:
                    response.headers["WWW-Authenticate"] = f'Basic realm="{REALM}"'
            except ClientDisconnect:
                response = Response(status_code=499)
            response.headers.update(_VERSION)
            return response

        return handle

    def _lets_in(self, request: Request) -> bool:
        reads = request.method in {"GET", "HEAD"}
        return self._auth.lets_in(request) or (reads and self._faults.active("registry-open"))

    async def base(self, _request: Request) -> Response:
        return JSONResponse({})

    async def catalog(self, _request: Request) -> Response:
        return JSONResponse({"repositories": self._content.names()})

    async def tags(self, request: Request) -> Response:
        name = request.path_params["name"]
        return JSONResponse({"name": name, "tags": self._content.tags(name)})

    async def manifest(self, request: Request) -> Response:
        name, version = request.path_params["name"], request.path_params["version"]
        if not (DIGEST.fullmatch(version) or _TAG.fullmatch(version)):
            raise Refused("TAG_INVALID")
        if request.method == "PUT":
            content = await _body(request)
            kind = request.headers.get("content-type", "").partition(";")[0].strip()
            stored = self._content.put_manifest(name, version, content, kind)
            headers = {"Location": f"/v2/{name}/manifests/{stored.digest}", **_digest(stored)}
            return Response(status_code=201, headers=headers)
        if request.method == "DELETE":
            self._content.delete_manifest(name, version)
            return Response(status_code=202)
        stored = self._manifest(name, version)
        path = self._content.blobs.path(stored.digest)
        headers = {**_digest(stored), "ETag": f'"{stored.digest}"'}
        return FileResponse(path, headers=headers, media_type=stored.media_type)

    def _manifest(self, name: str, version: str) -> StoredManifest:
        newest = self._content.newest(name) if self._faults.active("tags-ignored") else None
        if newest is not None and not DIGEST.fullmatch(version):
            return newest
        return self._content.manifest(name, version)

    async def blob(self, request: Request) -> Response:
        name, digest = request.path_params["name"], request.path_params["digest"]
        if not DIGEST.fullmatch(digest):
            raise Refused("DIGEST_INVALID")
        if not self._content.has_blob(name, digest):
            raise Refused("BLOB_UNKNOWN", digest)
        headers = {"Docker-Content-Digest": digest, "ETag": f'"{digest}"'}
        path = self._content.blobs.path(digest)
        return FileResponse(path, headers=headers, media_type="application/octet-stream")

    async def begin(self, request: Request) -> Response:
        """Begin an upload; or take a blob over from another repository, or whole at once."""
        name, blobs = request.path_params["name"], self._content.blobs
        mounted, origin = request.query_params.get("mount"), request.query_params.get("from")
        if mounted and origin and self._content.has_blob(origin, mounted):
            self._content.link_blob(name, mounted)
            return _created(name, mounted)
        upload = blobs.begin(name)
        if digest := request.query_params.get("digest"):
            await blobs.append(name, upload, request.stream(), start=None)
            await blobs.finish(name, upload, digest)
            self._content.link_blob(name, digest)
            return _created(name, digest)
        return _going_on(request, name, upload, 0)

    async def upload(self, request: Request) -> Response:
        name, upload = request.path_params["name"], request.path_params["upload"]
        blobs = self._content.blobs
        if request.method == "GET":
            return _going_on(request, name, upload, blobs.received(name, upload), status=204)
        if request.method == "DELETE":
            blobs.cancel(name, upload)
            return Response(status_code=204)
        message = request.headers.get("content-range")
        span = _RANGE.fullmatch(message.removeprefix("bytes ")) if message else None
        if message and span is None:
            raise Refused("RANGE_INVALID")
        start = int(span[1]) if span else None
        size = await blobs.append(name, upload, request.stream(), start=start)
        if request.method == "PATCH":
            return _going_on(request, name, upload, size)
        digest = request.query_params.get("digest", "")
        if not DIGEST.fullmatch(digest):
            raise Refused("DIGEST_INVALID", "digest missing" if not digest else None)
        await blobs.finish(name, upload, digest)
        self._content.link_blob(name, digest)
        return _created(name, digest)


def registry_app(content: Repositories, auth: BasicAuth, faults: Faults) -> Starlette:
    """An ASGI application that is the registry of `content`."""
    one, name = _Registry(content, auth, faults), "/v2/{name:path}"
    guard = one.guarded
    reads, changes = ["GET", "HEAD"], ["GET", "HEAD", "PUT", "DELETE"]
    upload = ["GET", "PATCH", "PUT", "DELETE"]
    return Starlette(
        routes=[
            Route("/v2/", guard(one.base), methods=reads),
            Route("/v2/_catalog", guard(one.catalog), methods=["GET"]),
            Route(f"{name}/tags/list", guard(one.tags), methods=["GET"]),
            Route(f"{name}/manifests/{{version}}", guard(one.manifest), methods=changes),
            Route(f"{name}/blobs/uploads/", guard(one.begin), methods=["POST"]),
            Route(f"{name}/blobs/uploads/{{upload}}", guard(one.upload), methods=upload),
            Route(f"{name}/blobs/{{digest}}", guard(one.blob), methods=reads),
        ]
    )


async def _body(request: Request) -> bytes:
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > _LARGEST_MANIFEST:
            raise Refused("MANIFEST_INVALID", "manifest payload exceeds its limit")
    return content


def _digest(stored: StoredManifest) -> dict[str, str]:
    return {"Docker-Content-Digest": stored.digest}


def _created(name: str, digest: str) -> Response:
    headers = {"Location": f"/v2/{name}/blobs/{digest}", "Docker-Content-Digest": digest}
    return Response(status_code=201, headers=headers)


def _going_on(
    request: Request, name: str, upload: str, size: int, *, status: int = 202
) -> Response:
    place = f"{request.url.scheme}://{request.url.netloc}/v2/{name}/blobs/uploads/{upload}"
    last = max(size - 1, 0)
    headers = {"Location": place, "Docker-Upload-UUID": upload, "Range": f"0-{last}"}
    return Response(status_code=status, headers=headers)
