"""What every service of the API is built from, and how requests are read."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import ClientDisconnect, Request

from pytest_kubeflow.local.bodies import check_levels
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import KubeClient
from pytest_kubeflow.local.pipelines.api.access import Access
from pytest_kubeflow.local.pipelines.api.errors import (
    Code,
    GatewayError,
    RequestError,
    invalid,
    not_found,
)
from pytest_kubeflow.local.pipelines.settings import STANDALONE_NAMESPACE
from pytest_kubeflow.local.pipelines.spec import PipelineDocument, SpecError
from pytest_kubeflow.local.pipelines.spec.check import check_supported
from pytest_kubeflow.local.pipelines.store import PipelineStore, Record, Table

Json = Any
_UPPER = re.compile(r"(?<=[a-z0-9])([A-Z])")


@dataclass(frozen=True, slots=True)
class Context:
    """The parts that services share."""

    store: PipelineStore
    access: Access
    client: KubeClient
    faults: Faults

    @property
    def multi_user(self) -> bool:
        return self.access.multi_user

    def api_namespace(self, namespace: str) -> str:
        """The namespace as the API knows it: there are none in the stand-alone mode."""
        return namespace if self.multi_user else ""

    def cluster_namespace(self, namespace: str) -> str:
        """Where the objects of runs in `namespace` are."""
        return namespace if self.multi_user else STANDALONE_NAMESPACE


async def find(
    table: Table[Record],
    record_id: str,
    kind: str,
    authorize: Callable[[Record], Awaitable[None]],
    doing: str,
) -> Record:
    """A record of the `kind`, for who is allowed by `authorize`. RequestError: none, or no right.

    Awaiting the review lets others in: what counts is the record as it is afterwards.
    """
    try:
        record = _present(table, record_id, kind)
        await authorize(record)
        return _present(table, record_id, kind)
    except RequestError as error:
        raise error.wrap(doing) from None


def _present(table: Table[Record], record_id: str, kind: str) -> Record:
    record = table.get(record_id)
    if record is None:
        raise not_found(kind, record_id)
    return record


async def read_message(request: Request, fields: Iterable[str]) -> dict[str, Json]:
    """The request's JSON object with snake_case names; only `fields` may be in it.

    Raises RequestError (INVALID_ARGUMENT), as protobuf's JSON does for unknown fields.
    """
    try:
        text = (await request.body()).decode()
        body = json.loads(text or "{}", parse_constant=_refuse_constant)
        check_levels(body)
        if "\\u" in text:  # half a surrogate pair has no place in UTF-8, and so in no answer
            json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError, ClientDisconnect) as error:
        raise unreadable(f"invalid JSON in the request's body: {error}") from None
    if not isinstance(body, dict):
        raise unreadable(f"the request's body must be an object, found {type(body).__name__}")
    return members(body, fields)


def members(body: Mapping[str, Json], fields: Iterable[str]) -> dict[str, Json]:
    """The members of a JSON object with snake_case names; only `fields` may be in it.

    Raises RequestError.
    """
    message = {_UPPER.sub(r"_\1", name).lower(): value for name, value in body.items()}
    if unknown := sorted(message.keys() - set(fields)):
        raise unreadable(f'proto: unknown field "{unknown[0]}"')
    return message


def text_field(message: Mapping[str, Json], name: str, limit: int = 0, what: str = "") -> str:
    """A string of the message ("" if not set). RequestError: another type, or over `limit`."""
    value = message.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise unreadable(f"proto: invalid value for string field {name}: {json.dumps(value)}")
    if limit and len(value.encode()) > limit:
        raise invalid(f"{what} length cannot exceed {limit}")
    return value


def unreadable(message: str) -> GatewayError:
    """A body that is not of its message: the gateway itself says so."""
    return GatewayError(Code.INVALID_ARGUMENT, message)


def accepted(document: PipelineDocument) -> PipelineDocument:
    """`document`, if the driver can run it; else RequestError."""
    try:
        check_supported(document)
    except SpecError as error:
        raise refused(error) from None
    return document


def refused(error: SpecError) -> RequestError:
    """What the API answers to a bad pipeline."""
    return invalid(str(error))


def _refuse_constant(name: str) -> Json:
    raise ValueError(f"{name} is no JSON value")
