"""The REST API of a registry.

Source: kubeflow/model-registry v0.3.8, internal/server/openapi and internal/core. Nothing can be
deleted by it. Experiments, metrics and filter queries are not here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.model_registry.bodies import (
    as_texts,
    check_id,
    check_reference,
    check_required,
    page_size,
    read,
)
from pytest_kubeflow.local.model_registry.errors import RegistryError, bad_request, not_found
from pytest_kubeflow.local.model_registry.kinds import (
    ARTIFACTS,
    INFERENCE_SERVICE,
    KINDS,
    MODEL_ARTIFACT,
    MODEL_VERSION,
    REGISTERED_MODEL,
    SERVING_ENVIRONMENT,
    Kind,
)
from pytest_kubeflow.local.model_registry.records import Entity, PageRequest, Records

Json = Any
Handler = Callable[[Request], Awaitable[Response]]

ROOT = "/api/model_registry/v1alpha3"
_JSON = "application/json; charset=UTF-8"
_BY_PLURAL = {one.plural: one for one in KINDS}
_ANY = tuple(ARTIFACTS.values())


class RegistryApi:
    """Answers for `records`."""

    def __init__(self, records: Records, faults: Faults | None = None) -> None:
        self._records = records
        self._faults = faults or Faults()
        self.app = Starlette(
            routes=[Route(f"{ROOT}/{path}", one, methods=[m]) for m, path, one in self._table()],
            exception_handlers={RegistryError: _refusal, 404: _nothing, 405: _no_method},
        )

    def _table(self) -> list[tuple[str, str, Handler]]:
        table: list[tuple[str, str, Handler]] = []
        for kind in KINDS:
            one = kind.plural.removesuffix("s")
            table += [
                ("GET", one, partial(self._find, kind)),
                ("GET", kind.plural, partial(self._list, (kind,))),
                ("POST", kind.plural, partial(self._create, kind)),
                ("GET", f"{kind.plural}/{{id}}", partial(self._get, kind)),
                ("PATCH", f"{kind.plural}/{{id}}", partial(self._update, kind)),
            ]
            if kind.parent:
                below = f"{kind.of}/{{parent}}/{kind.plural.removeprefix('model_')}"
                table += [
                    ("GET", below, partial(self._list, (kind,))),
                    ("POST", below, partial(self._create, kind)),
                ]
        service = f"{INFERENCE_SERVICE.plural}/{{id}}"
        of_version = f"{MODEL_VERSION.plural}/{{parent}}/artifacts"
        return [
            *table,
            ("GET", f"{service}/model", self._model_of_service),
            ("GET", f"{service}/version", self._version_of_service),
            ("GET", "model_artifact", partial(self._find, MODEL_ARTIFACT)),
            ("GET", "model_artifacts", partial(self._list, (MODEL_ARTIFACT,))),
            ("POST", "model_artifacts", partial(self._create, MODEL_ARTIFACT)),
            ("GET", "model_artifacts/{id}", self._get_artifact),
            ("PATCH", "model_artifacts/{id}", partial(self._update, MODEL_ARTIFACT)),
            ("GET", "artifact", partial(self._find, MODEL_ARTIFACT)),
            ("GET", "artifacts", self._list_artifacts),
            ("POST", "artifacts", self._put_artifact),
            ("GET", "artifacts/{id}", self._get_artifact),
            ("PATCH", "artifacts/{id}", self._update_artifact),
            ("GET", of_version, self._list_artifacts),
            ("POST", of_version, self._put_artifact),
        ]

    async def _create(self, kind: Kind, request: Request) -> Response:
        message = f"{kind.type_name}Create"
        allowed = (*kind.creatable, *(("artifactType",) if kind.artifact_type else ()))
        body = read(await request.body(), kind, message, allowed)
        if kind is INFERENCE_SERVICE and "parent" in request.path_params:
            body[kind.parent] = request.path_params["parent"]
        check_required(body, kind)
        body.pop("artifactType", None)
        if kind.state:
            body.setdefault(kind.state, kind.states[0])
        if kind.parent and "parent" in request.path_params:
            body[kind.parent] = request.path_params["parent"]
        parent = None
        if kind.parent:
            for field in kind.fixed:
                check_reference(body[field])
            parent = int(body[kind.parent])
        if kind is INFERENCE_SERVICE and parent is not None:
            self._required(SERVING_ENVIRONMENT, parent)
        return _answer(self._kept(kind, body, parent), 201)

    def _kept(self, kind: Kind, body: dict[str, Json], parent: int | None) -> Entity:
        """A new one, or what faults make of it."""
        if self._faults.active("model-registry-texts"):
            body["customProperties"] = as_texts(body.get("customProperties") or {})
        if kind is MODEL_VERSION and self._faults.active("model-registry-overwrites"):
            taken = self._records.find(kind, name=body["name"], parent=parent)
            body["name"] += " " * len(taken)
        made = self._records.create(kind, body, parent)
        if kind is MODEL_VERSION and self._faults.active("model-registry-forgets"):
            self._records.forget(kind, int(made["id"]))
        return made

    async def _get(self, kind: Kind, request: Request) -> Response:
        return _answer(self._required(kind, check_id(request.path_params["id"], kind.title)))

    def _required(self, kind: Kind, number: int) -> Entity:
        found = self._records.get(kind, number)
        if found is None:
            raise not_found(f"no {kind.title} found for id {number}")
        return found

    async def _update(self, kind: Kind, request: Request) -> Response:
        allowed = (*kind.editable, *(("artifactType",) if kind.artifact_type else ()))
        body = read(await request.body(), kind, f"{kind.type_name}Update", allowed)
        body.pop("artifactType", None)
        if kind.state:
            # Whoever names no state gets the first one: what was archived is live again.
            body.setdefault(kind.state, kind.states[0])
        return _answer(self._changed(kind, request.path_params["id"], body))

    def _changed(self, kind: Kind, given: str, changes: dict[str, Json]) -> Entity:
        number = check_id(given, kind.title)
        found = self._records.update(kind, number, changes)
        if found is None:
            raise not_found(f"no {kind.title} found for id {number}")
        return found

    async def _find(self, kind: Kind, request: Request) -> Response:
        query = request.query_params
        name, external = query.get("name"), query.get("externalId")
        given = query.get("parentResourceId")
        belongs = bool(kind.parent or kind.artifact_type)
        if belongs and external is None and (name is None or given is None):
            message = "supply either (name and parentResourceId), or externalId"
            raise bad_request(f"invalid parameters call, {message}: bad request")
        if not belongs and name is None and external is None:
            message = "supply either name or externalId"
            raise bad_request(f"invalid parameters call, {message}: bad request")
        parent = None
        if belongs and given is not None:
            parent = check_id(given, _BY_PLURAL[kind.of].title if kind.of else "parent resource")
        found = self._records.find(kind, name=name, external_id=external, parent=parent)
        if len(found) == 1:
            return _answer(found[0])
        asked = f"name={name or ''}, "
        asked += f"parentResourceId={given or ''}, " if belongs else ""
        asked += f"externalId={external or ''}"
        many = "multiple" if found else "no"
        raise not_found(f"{many} {kind.title}s found for {asked}")

    async def _list(self, kinds: tuple[Kind, ...], request: Request) -> Response:
        query = request.query_params
        if query.get("filterQuery"):
            raise bad_request("the embedded Model Registry has no filter queries: bad request")
        page = PageRequest(
            page_size(query.get("pageSize") or "0"),
            query.get("orderBy", ""),
            query.get("sortOrder", "").upper() == "DESC",
            query.get("nextPageToken", ""),
        )
        parent = None
        if (given := request.path_params.get("parent")) is not None:
            of = kinds[0].of
            parent = check_id(given, _BY_PLURAL[of].title if of else "parent resource")
        return _answer(self._records.page(kinds, page, parent))

    async def _list_artifacts(self, request: Request) -> Response:
        wanted = ARTIFACTS.get(request.query_params.get("artifactType", ""))
        return await self._list((wanted,) if wanted else _ANY, request)

    async def _get_artifact(self, request: Request) -> Response:
        only = (MODEL_ARTIFACT,) if "/model_artifacts/" in request.url.path else _ANY
        return _answer(self._artifact(request.path_params["id"], only))

    def _artifact(self, given: str, kinds: tuple[Kind, ...] = _ANY) -> Entity:
        number = check_id(given, "artifact")
        for kind in kinds:
            if (found := self._records.get(kind, number)) is not None:
                return found
        raise not_found(f"no artifact found for id {number}")

    async def _put_artifact(self, request: Request) -> Response:
        """Make one, or change the one of the id that the body has."""
        kind, body = await self._read_artifact(request)
        if kind is None:
            raise bad_request(
                "invalid artifact type, must be either ModelArtifact, DocArtifact, DataSet, "
                "Metric, or Parameter: bad request"
            )
        parent = None
        if (given := request.path_params.get("parent")) is not None:
            parent = check_id(given, MODEL_VERSION.title)
            self._required(MODEL_VERSION, parent)
        known = body.pop("id", None)
        if known is not None:
            body.pop("name", None)
            return _answer(self._changed(kind, str(known), body))
        return _answer(self._records.create(kind, body, parent), 201)

    async def _update_artifact(self, request: Request) -> Response:
        known = self._artifact(request.path_params["id"])["artifactType"]
        kind, body = await self._read_artifact(request)
        named = kind.artifact_type if kind is not None else "unknown"
        if kind is None or named != known:
            raise bad_request(
                f"cannot change artifact type from '{known}' to '{named}': artifact type is "
                "immutable"
            )
        return _answer(self._changed(kind, request.path_params["id"], body))

    async def _read_artifact(self, request: Request) -> tuple[Kind | None, dict[str, Json]]:
        content = await request.body()
        allowed = (*MODEL_ARTIFACT.creatable, "artifactType", "id")
        body = read(content, MODEL_ARTIFACT, "ModelArtifact", allowed)
        return ARTIFACTS.get(body.pop("artifactType", "")), body

    async def _model_of_service(self, request: Request) -> Response:
        service = self._service(request)
        return _answer(self._required(REGISTERED_MODEL, int(service["registeredModelId"])))

    async def _version_of_service(self, request: Request) -> Response:
        service = self._service(request)
        if (version := service.get("modelVersionId")) is not None:
            return _answer(self._required(MODEL_VERSION, int(version)))
        model = int(service["registeredModelId"])
        found = self._records.find(MODEL_VERSION, parent=model)
        if not found:
            raise not_found(f"no model versions found for id {service['id']}")
        return _answer(found[-1])

    def _service(self, request: Request) -> Entity:
        number = check_id(request.path_params["id"], INFERENCE_SERVICE.title)
        return self._required(INFERENCE_SERVICE, number)


def _answer(body: Json, status: int = 200) -> Response:
    return JSONResponse(body, status, headers={"Content-Type": _JSON})


async def _refusal(_: Request, error: Exception) -> Response:
    assert isinstance(error, RegistryError)
    return _answer({"code": error.code, "message": str(error)}, error.status)


async def _nothing(_request: Request, _error: Exception) -> Response:
    return PlainTextResponse("404 page not found\n", 404)


async def _no_method(_request: Request, _error: Exception) -> Response:
    return Response(status_code=405)
