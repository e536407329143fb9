"""Katib's UI: its REST interface under /katib, for who may see what it shows.

Paths, words and answers: kubeflow/katib v0.19.0, cmd/ui and pkg/ui/v1beta1. As there, methods of
requests are not looked at, no token guards against forged ones, and what goes wrong is told as
plain text.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from pytest_kubeflow.local.bodies import parse_json
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.katib.access import Access, DeniedError
from pytest_kubeflow.local.katib.conditions import last
from pytest_kubeflow.local.katib.dbmanager import ENDPOINT
from pytest_kubeflow.local.katib.labels import EXPERIMENT, TRIAL
from pytest_kubeflow.local.katib.messages import DB_MANAGER, new
from pytest_kubeflow.local.katib.rpc import CallError, Channels
from pytest_kubeflow.local.katib.trialtemplates import TrialTemplates
from pytest_kubeflow.local.katib.uitables import experiment_table, trial_table
from pytest_kubeflow.local.kube import ApiError, ApiUnreachableError, KubeClient, Resource
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import (
    EXPERIMENTS,
    NAMESPACES,
    PODS,
    SUGGESTIONS,
    TRIALS,
)

PREFIX = "/katib"
_PAUSE_SECONDS = 0.1
_NO_LOGS = (
    'Failed to find logs for this Trial. Make sure you\'ve set "spec.trialTemplate.retain"\n'
    '\t\tfield to "true" in the Experiment definition. If this error persists then the Pod\'s '
    "logs are not currently\n\t\tpersisted in the cluster."
)
_NO_NAMESPACE = "no 'namespace' query parameter was provided"
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_PAGE = (
    '<!DOCTYPE html><html lang="en"><head><base href="/katib/"><title>Frontend</title></head>'
    "<body><app-root></app-root></body></html>"
)

Handler = Callable[[Request], Awaitable[Response]]


class _BadRequestError(Exception):
    """A parameter of a request is missing."""


class _FailedError(Exception):
    """Something went wrong on the way."""


def katib_app(client: KubeClient, channels: Channels, faults: Faults) -> Starlette:
    """An ASGI application for the paths under /katib/."""
    ui = _Ui(client, channels, faults)
    templates = TrialTemplates(client, ui.access)
    handlers: dict[str, Handler] = {
        "fetch_experiments/": ui.experiments,
        "create_experiment/": ui.create,
        "delete_experiment/": ui.delete,
        "fetch_experiment/": ui.experiment,
        "fetch_trial/": ui.trial,
        "fetch_suggestion/": ui.suggestion,
        "fetch_hp_job_info/": ui.table,
        "fetch_hp_job_trial_info/": ui.trial_table,
        "fetch_trial_logs/": ui.logs,
        "fetch_trial_templates/": templates.fetch,
        "add_template/": templates.add,
        "edit_template/": templates.edit,
        "delete_template/": templates.delete,
        "fetch_namespaces": ui.namespaces,
    }
    routes = [
        # As Go's ServeMux has it: what ends with a slash is for all below it.
        Route(
            f"{PREFIX}/{path}{'{rest:path}' * path.endswith('/')}",
            _described(one),
            methods=_METHODS,
        )
        for path, one in handlers.items()
    ]
    return Starlette(routes=[*routes, Route(f"{PREFIX}/{{rest:path}}", _page, methods=_METHODS)])


async def _page(_request: Request) -> Response:
    cache = "no-cache, no-store, must-revalidate, max-age=0"
    return HTMLResponse(_PAGE, headers={"Cache-Control": cache})


def _described(handler: Handler) -> Handler:
    """A handler whose errors are told as Go's http.Error does it."""

    async def run(request: Request) -> Response:
        try:
            return await handler(request)
        except DeniedError as error:
            return _error(str(error), error.status)
        except _BadRequestError as error:
            return _error(str(error), 400)
        except ApiError as error:
            return _error(error.message, 500)
        except (ApiUnreachableError, CallError, _FailedError) as error:
            return _error(str(error), 500)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            return _error(str(error), 500)

    return run


def _error(text: str, status: int) -> Response:
    return PlainTextResponse(f"{text}\n", status, headers={"X-Content-Type-Options": "nosniff"})


def _json(value: Any) -> Response:
    # Without a type, as Go guesses it from what is written.
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return PlainTextResponse(text)


class _Ui:
    def __init__(self, client: KubeClient, channels: Channels, faults: Faults) -> None:
        self._client = client
        self._channels = channels
        self._faults = faults
        self.access = Access(client, is_open=lambda: faults.active("katib-open"))

    async def experiments(self, request: Request) -> Response:
        namespace = _parameter(request, "namespace", _NO_NAMESPACE)
        await self.access.require(request, "list", EXPERIMENTS, namespace)
        return _json(await self._views(namespace))

    async def _views(self, namespace: str | None) -> list[Object]:
        items = (await self._client.list(EXPERIMENTS, namespace))["items"]
        found = []
        for one in items:
            status = last(one)
            if not status:
                raise _FailedError("Experiment doesn't have any condition")
            spec, metadata = one.get("spec") or {}, one["metadata"]
            view = {
                "name": metadata["name"],
                "namespace": metadata["namespace"],
                "type": "nas" if spec.get("nasConfig") is not None else "hp",
                "status": status,
            }
            found.append({**view, **one["status"]})
        return found

    async def create(self, request: Request) -> Response:
        body = parse_json(await request.body())
        if not isinstance(body, dict) or "postData" not in body:
            raise _FailedError("Couldn't load the 'postData' field of the request's data")
        experiment = body["postData"]
        metadata = experiment.get("metadata") or {}
        namespace, name = metadata.get("namespace", ""), metadata.get("name", "")
        await self.access.require(request, "create", EXPERIMENTS, namespace, name=name)
        await self._client.create(EXPERIMENTS, experiment)
        return Response()

    async def delete(self, request: Request) -> Response:
        namespace, name = _experiment(request)
        await self.access.require(request, "delete", EXPERIMENTS, namespace, name=name)
        await self._client.get(EXPERIMENTS, name, namespace)
        await self._client.delete(EXPERIMENTS, name, namespace)
        # The real one waits until no namespace has one of this name, and tells of all of them.
        across = self._faults.active("katib-delete-across-namespaces")
        while True:
            views = await self._views(None if across else namespace)
            if all(one["name"] != name for one in views):
                return _json(views)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def experiment(self, request: Request) -> Response:
        namespace, name = _experiment(request)
        return await self._get(request, EXPERIMENTS, namespace, name)

    async def trial(self, request: Request) -> Response:
        namespace, name = _trial(request)
        return await self._get(request, TRIALS, namespace, name)

    async def suggestion(self, request: Request) -> Response:
        namespace = _parameter(request, "namespace", "no 'namespace' provided")
        name = _parameter(request, "suggestionName", "no experimentName provided")
        return await self._get(request, SUGGESTIONS, namespace, name)

    async def _get(
        self, request: Request, resource: Resource, namespace: str, name: str
    ) -> Response:
        await self.access.require(request, "get", resource, namespace, name=name)
        return _json(await self._client.get(resource, name, namespace))

    async def table(self, request: Request) -> Response:
        namespace, name = _experiment(request, "no 'namespace' provided")
        await self.access.require(request, "get", EXPERIMENTS, namespace, name=name)
        experiment = await self._client.get(EXPERIMENTS, name, namespace)
        await self.access.require(request, "list", TRIALS, namespace)
        selector = f"{EXPERIMENT}={name}"
        trials = (await self._client.list(TRIALS, namespace, label_selector=selector))["items"]
        return _json(await experiment_table(experiment, trials, self._logs))

    async def trial_table(self, request: Request) -> Response:
        namespace, name = _trial(request)
        await self.access.require(request, "list", TRIALS, namespace, name=name)
        trial = await self._client.get(TRIALS, name, namespace)
        return _json(trial_table(trial, await self._logs(name)))

    async def _logs(self, trial: str) -> list[Any]:
        request = new("GetObservationLogRequest", trial_name=trial)
        reply = await self._channels.call(ENDPOINT, DB_MANAGER, "GetObservationLog", request)
        return list(reply.observation_log.metric_logs)

    async def logs(self, request: Request) -> Response:
        namespace, name = _trial(request)
        await self.access.require(request, "get", TRIALS, namespace, name=name)
        trial = await self._client.get(TRIALS, name, namespace)
        pod = await self._pod(trial)
        await self.access.require(request, "get", PODS, namespace, name=pod, part="log")
        spec = trial["spec"]
        kind = ((spec.get("metricsCollector") or {}).get("collector") or {}).get("kind")
        container = (
            "metrics-logger-and-collector"
            if kind == "StdOut"
            else spec.get("primaryContainerName", "")
        )
        return _json(await self._client.logs(pod, namespace, container=container))

    async def _pod(self, trial: Object) -> str:
        """The pod whose log is shown: one that works or has worked, else one that has failed."""
        metadata = trial["metadata"]
        labels = {TRIAL: metadata["name"], **(trial["spec"].get("primaryPodLabels") or {})}
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        answer = await self._client.list(PODS, metadata["namespace"], label_selector=selector)
        pods = answer["items"]
        if not pods:
            raise _FailedError(_NO_LOGS)
        for phases in ({"Succeeded", "Running"}, {"Failed"}):
            for pod in pods:
                if (pod.get("status") or {}).get("phase") in phases:
                    return str(pod["metadata"]["name"])
        raise _FailedError(
            "Failed to get logs for this Trial. Pod is in the Pending or Unknown state."
        )

    async def namespaces(self, _request: Request) -> Response:
        items = (await self._client.list(NAMESPACES))["items"]
        return _json([one["metadata"]["name"] for one in items])


def _parameter(request: Request, name: str, missing: str) -> str:
    value = request.query_params.get(name)
    if value is None:
        raise _BadRequestError(missing)
    return value


def _experiment(request: Request, missing: str = _NO_NAMESPACE) -> tuple[str, str]:
    namespace = _parameter(request, "namespace", missing)
    return namespace, _parameter(request, "experimentName", "no experimentName provided")


def _trial(request: Request) -> tuple[str, str]:
    namespace = _parameter(request, "namespace", "no 'namespace' provided")
    return namespace, _parameter(request, "trialName", "no 'trialName' provided")
