"""The client of a Model Registry, over HTTP with a registry that holds to the real one's rules."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Mount, Route

from pytest_kubeflow.auth.session import gateway_session
from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.errors import ComponentMissing, ConfigurationError, NotFound
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.local.httpd import HttpServer
from pytest_kubeflow.local.model_registry.api import RegistryApi
from pytest_kubeflow.local.model_registry.records import Records
from pytest_kubeflow.model_registry.client import ModelRegistryClient
from pytest_kubeflow.model_registry.errors import ModelRegistryRefused
from pytest_kubeflow.model_registry.registry import ModelRegistry

EVERYTHING: dict[str, str | int | float | bool] = {
    "accuracy": 0.75,
    "rows": 12,
    "is_best": True,
    "run": "a-b",
    "loss": 1.0,
}


@pytest.fixture(scope="module")
def serve() -> Iterator[Any]:
    """Serves applications; each has its URL."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    servers: list[HttpServer] = []

    async def start(app: Any) -> HttpServer:
        server = HttpServer(app)
        await server.start()
        return server

    def serving(app: Any) -> str:
        servers.append(asyncio.run_coroutine_threadsafe(start(app), loop).result(20))
        return f"http://127.0.0.1:{servers[-1].port}"

    yield serving
    for server in servers:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(20)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


def client_of(url: str) -> ModelRegistryClient:
    return ModelRegistryClient(url, gateway_session(GatewaySettings(), patient=False))


@pytest.fixture
def registry(serve: Any) -> Iterator[ModelRegistry]:
    records = Records(":memory:")
    yield ModelRegistry(
        client_of(serve(RegistryApi(records).app)), ownership=Ownership(owner="tests")
    )
    records.close()


def test_a_version_comes_back_as_it_was_registered(registry: ModelRegistry) -> None:
    name = registry.new_name()
    made = registry.register(
        name, "v1", uri="s3://b/k", model_format="sklearn", properties=EVERYTHING
    )
    found = registry.version(name, "v1")
    assert made == found
    assert (found.uri, found.format, found.state) == ("s3://b/k", "sklearn", "LIVE")
    assert found.properties == EVERYTHING
    kinds = {key: type(value) for key, value in found.properties.items()}
    assert kinds == {key: type(value) for key, value in EVERYTHING.items()}


def test_versions_are_listed_in_their_order(registry: ModelRegistry) -> None:
    name = registry.new_name()
    for number in (2, 1, 3):
        registry.register(name, f"v{number}", uri=f"s3://b/{number}")
    assert [one.name for one in registry.versions(name)] == ["v2", "v1", "v3"]
    assert len(registry.made) == 1


def test_a_version_that_is_there_is_left_as_it_is(registry: ModelRegistry) -> None:
    name = registry.new_name()
    registry.register(name, "v1", uri="s3://b/1")
    with pytest.raises(
        ModelRegistryRefused, match="model version with name v1 already exists"
    ) as found:
        registry.register(name, "v1", uri="s3://b/2")
    assert found.value.status == 409
    assert registry.version(name, "v1").uri == "s3://b/1"


def test_what_is_not_there_is_told_in_the_registrys_words(registry: ModelRegistry) -> None:
    with pytest.raises(NotFound, match="no registered models found for name=nobody"):
        registry.version("nobody", "v1")
    registry.register("somebody", "v1", uri="s3://b/1")
    with pytest.raises(NotFound, match="no model versions found for name=v2"):
        registry.version("somebody", "v2")


def test_models_that_it_made_are_archived_and_others_are_not(registry: ModelRegistry) -> None:
    theirs = registry.client.create("registered_models", {"name": "theirs"})
    registry.register("theirs", "v1", uri="s3://b/1")
    name = registry.new_name()
    registry.register(name, "v1", uri="s3://b/1")
    assert registry.archive(name, "v1").state == "ARCHIVED"
    registry.close()
    states = {one["name"]: one["state"] for one in registry.client.pages("registered_models")}
    assert states == {"theirs": "LIVE", name: "ARCHIVED"}
    assert registry.client.get(f"registered_models/{theirs['id']}")["state"] == "LIVE"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"properties": {"loss": float("nan")}}, "property 'loss' of a model is nan: registries"),
        ({"properties": {"loss": float("-inf")}}, "property 'loss' of a model is -inf"),
        ({"properties": {"rows": 2**31}}, "is 2147483648: .* integers of 32 bits"),
        ({"properties": {"nul": "a\0b"}}, "property 'nul' of a model is"),
        ({"properties": {"none": None}}, "property 'none' of a model is None"),
        ({"properties": {"list": [1]}}, r"property 'list' of a model is \[1\]"),
        ({"properties": {"half": "\ud800"}}, "property 'half' of a model is"),
        ({"properties": {"": "x"}}, "the name of a property='' of a model: it has to be a text"),
        ({"model": ""}, "model='' of a model: it has to be a text, and not empty"),
        ({"version": None}, "version=None of a model"),
        ({"uri": ""}, "uri='' of a model"),
    ],
)
def test_what_no_registry_keeps_is_told_before_anything_is_made(
    registry: ModelRegistry, wrong: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message) as refused:
        registry.register(**{"model": "mine", "version": "v1", "uri": "s3://b/k", **wrong})
    assert "\n" not in refused.value.message
    assert list(registry.client.pages("registered_models")) == []
    registry.register(
        "mine", "v1", uri="s3://b/k", properties={"rows": -(2**31), "long": "x" * 300_000}
    )


def test_lists_are_read_to_their_end(registry: ModelRegistry) -> None:
    for number in range(230):
        registry.client.create("registered_models", {"name": f"m{number}"})
    assert len(list(registry.client.pages("registered_models"))) == 230


def test_the_version_that_is_served_is_taken(serve: Any) -> None:
    records = Records(":memory:")
    renamed = RegistryApi(records).app
    prefix = "/api/model_registry"

    async def newer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"].startswith(f"{prefix}/v1alpha3"):
            scope = {**scope, "path": "/gone"}
        elif scope["type"] == "http":
            scope = {**scope, "path": scope["path"].replace(f"{prefix}/v1/", f"{prefix}/v1alpha3/")}
        await renamed(scope, receive, send)

    client = client_of(serve(newer))
    assert client.version == "v1"
    assert (
        ModelRegistry(client, ownership=Ownership(owner="tests")).register("a", "v1", uri="u").uri
        == "u"
    )
    records.close()


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: HTMLResponse("<title>Kubeflow</title>"),
        lambda _: JSONResponse({}),
        lambda _: JSONResponse({"detail": "Not Found"}, 404),
    ],
    ids=["page-of-the-dashboard", "empty-object", "another-server"],
)
def test_where_there_is_none_it_is_missing(serve: Any, answer: Any) -> None:
    app = Starlette(routes=[Route("/{path:path}", answer)])
    with pytest.raises(ComponentMissing, match=r"there is no Model Registry at .*v1alpha3 .*; v1 "):
        client_of(serve(app)).version  # noqa: B018


def test_an_answer_without_an_id_is_no_entity(serve: Any) -> None:
    listing = Route("/registered_models", lambda _: JSONResponse({"items": []}))
    empty = Route("/registered_model", lambda _: JSONResponse({}))
    app = Starlette(routes=[Mount("/api/model_registry/v1alpha3", routes=[listing, empty])])
    with pytest.raises(ModelRegistryRefused, match="registered_model"):
        client_of(serve(app)).get("registered_model", name="a")
