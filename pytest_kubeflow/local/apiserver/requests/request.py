"""Request: what an HTTP request says, read once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope

from pytest_kubeflow.local.apiserver.deletion import asks_dry_run
from pytest_kubeflow.local.apiserver.errors import (
    Object,
    StatusError,
    bad_request,
    unsupported_media,
)
from pytest_kubeflow.local.apiserver.patches import APPLY, MERGE, STRATEGIC
from pytest_kubeflow.local.apiserver.requests.protobuf import CONTENT_TYPE as PROTOBUF
from pytest_kubeflow.local.apiserver.requests.protobuf import decode as decode_protobuf
from pytest_kubeflow.local.apiserver.requests.writeoptions import WriteOptions
from pytest_kubeflow.local.bodies import duplicate_members, parse_json, parse_yaml

# Without a type it is JSON.
_MEDIA = ("", "application/json", "application/yaml", PROTOBUF)
_JSON = frozenset({"", "application/json", MERGE, STRATEGIC})
_TRUE = frozenset({"true", "1"})
_MOST_BYTES = 3 * 1024 * 1024  # kube-apiserver's limit on resource requests


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One request. `headers` have lower-case names; of repeated query parameters the last counts.

    `groups` are the values of all `Impersonate-Group` headers.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    groups: tuple[str, ...]
    body: bytes

    @property
    def accept(self) -> str:
        return self.headers.get("accept", "")

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip()

    @property
    def dry_run(self) -> bool:
        """Whether nothing is to be stored. Raises StatusError 400 for other values than All."""
        return asks_dry_run(self.query.get("dryRun"))

    def write_options(self, verb: str) -> WriteOptions:
        """What the query says of a create, an update or a patch. Raises StatusError 400, 422."""
        return WriteOptions.read(
            verb,
            self.query,
            apply=self.content_type == APPLY,
            duplicates=self._duplicates(),
        )

    def _duplicates(self) -> tuple[str, ...]:
        if self.content_type not in _JSON or self.query.get("fieldValidation") == "Ignore":
            return ()
        return tuple(duplicate_members(self.body))

    @property
    def watches(self) -> bool:
        # The Python client writes `True`.
        return self.query.get("watch", "").lower() in _TRUE

    def document(self) -> Object:
        """The body as an object; an empty one is an empty object. Raises StatusError 400."""
        parsed = self._parsed()
        if parsed is None:
            return {}
        if not isinstance(parsed, dict):
            raise bad_request("the body of the request is not an object")
        return parsed

    def _parsed(self) -> Any:
        if not self.body:
            if self.method in {"POST", "PUT"}:
                why = "couldn't get version/kind; json parse error: unexpected end of JSON input"
                raise bad_request(f"the object provided is unrecognized: {why} (<empty>)")
            return {}
        if self.content_type not in _MEDIA:
            raise unsupported_media(self.content_type, list(_MEDIA[1:]))
        if self.content_type == PROTOBUF:
            return decode_protobuf(self.body)
        try:
            if self.content_type == "application/yaml":
                return parse_yaml(self.body)
            return parse_json(self.body)
        except ValueError as error:
            raise bad_request(f"couldn't get version/kind; json parse error: {error}") from None


async def read(scope: Scope, receive: Receive) -> ApiRequest:
    """Read a request and its body. Raises StatusError 413 for a body that is too large."""
    chunks, size = [], 0
    while True:
        part = await receive()
        chunk = part.get("body", b"")
        chunks.append(chunk)
        size += len(chunk)
        if size > _MOST_BYTES:
            message = f"Request entity too large: limit is {_MOST_BYTES}"
            raise StatusError(413, "RequestEntityTooLarge", message)
        if not part.get("more_body"):
            break
    return _request(scope, scope["method"], b"".join(chunks))


def read_upgrade(scope: Scope) -> ApiRequest:
    """The request with which a websocket begins."""
    return _request(scope, "GET", b"")


def _request(scope: Scope, method: str, body: bytes) -> ApiRequest:
    headers: dict[str, str] = {}
    groups = []
    for key, value in scope["headers"]:
        name = key.decode("latin-1").lower()
        headers[name] = value.decode("latin-1")
        if name == "impersonate-group":
            groups.append(headers[name])
    query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    path = scope["path"].rstrip("/") or "/"
    return ApiRequest(method, path, query, headers, tuple(groups), body)
