"""Katib's webhooks: an HTTPS server that the API server asks about Experiments and pods.

Words: kubeflow/katib v0.19.0, pkg/webhook/v1beta1.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable, Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from pytest_kubeflow.local.bodies import parse_json
from pytest_kubeflow.local.katib.config import CONFIG, NAMESPACE, ConfigError, KatibConfig
from pytest_kubeflow.local.katib.defaults import with_defaults
from pytest_kubeflow.local.katib.injection import (
    InjectionError,
    collected,
    is_primary,
    kind_of,
    named,
)
from pytest_kubeflow.local.katib.labels import ENABLED, EXPERIMENT, INJECTION, endpoint
from pytest_kubeflow.local.katib.suggestionobjects import STOPPING_PORT
from pytest_kubeflow.local.katib.validation.decoding import DecodingError, decoded
from pytest_kubeflow.local.katib.validation.experiment import experiment_errors
from pytest_kubeflow.local.katib.validation.fields import aggregate
from pytest_kubeflow.local.katib.validation.job import WriteBack
from pytest_kubeflow.local.kube import (
    ApiError,
    ApiUnreachableError,
    Informer,
    KubeClient,
    Resource,
)
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import (
    CONFIG_MAPS,
    NAMESPACES,
    PERSISTENT_VOLUMES,
    SUGGESTIONS,
    TRIALS,
)

DEFAULT_PATH, VALIDATE_PATH, POD_PATH = "/mutate-experiment", "/validate-experiment", "/mutate-pod"
_DEEPEST = 5  # owners of owners that are asked for
# Of others Katib's account may read nothing, so that pods of theirs are none of its.
_READABLE = {
    *("Job", "CronJob", "JobSet", "TrainJob"),
    *("TFJob", "PyTorchJob", "MPIJob", "XGBoostJob"),
}

Answer = Callable[[Object], Awaitable[Object]]


class _RefusedError(Exception):
    """A request is refused, with an HTTP status."""

    def __init__(self, message: str, code: int = 400) -> None:
        super().__init__(message)
        self.code = code


class KatibWebhooks:
    """Asks for what it needs as `client`, where no informer knows it.

    Pods stay as they are while `ignored()`. `write_back` is what Kubernetes' type makes of a Job.
    """

    def __init__(
        self,
        client: KubeClient,
        *,
        write_back: WriteBack,
        ignored: Callable[[], bool] = lambda: False,
        informers: Mapping[Resource, Informer] | None = None,
    ) -> None:
        self._client = client
        self._write_back = write_back
        self._ignored = ignored
        self._informers = informers or {}
        self.app = Starlette(
            routes=[
                Route(path, _reviewing(answer), methods=["POST"])
                for path, answer in (
                    (DEFAULT_PATH, self._default),
                    (VALIDATE_PATH, self._validate),
                    (POD_PATH, self._pod),
                )
            ]
        )

    async def _default(self, asked: Object) -> Object:
        return _patched(asked["object"], with_defaults(decoded(asked["object"])))

    async def _validate(self, asked: Object) -> Object:
        experiment, before = decoded(asked["object"]), asked.get("oldObject")
        namespace, name = asked["namespace"], experiment["metadata"].get("name", "")
        labels = (await self._client.get(NAMESPACES, namespace))["metadata"].get("labels") or {}
        if labels.get(INJECTION) != ENABLED:
            raise _RefusedError(
                f'Cannot create the Experiment "{name}" in namespace "{namespace}": the namespace '
                f'lacks label "{INJECTION}: {ENABLED}"'
            )
        config = await KatibConfig.read(self._client)
        errors = await experiment_errors(self._client, config, experiment, before, self._write_back)
        if errors:
            raise _RefusedError(aggregate(errors))
        if experiment["spec"].get("resumePolicy") == "FromVolume" and before is None:
            await self._check_volume(experiment, namespace)
        return {"allowed": True}

    async def _check_volume(self, experiment: Object, namespace: str) -> None:
        """A volume of this name must not be there, where one is kept of an earlier experiment."""
        name = experiment["metadata"]["name"]
        volume = f"{name}-{experiment['spec']['algorithm']['algorithmName']}-{namespace}"
        if await self._found(PERSISTENT_VOLUMES, volume, None) is not None:
            raise _RefusedError(
                f"Cannot create the Experiment: {name} in namespace: {namespace}, PV: {volume} "
                "is not deleted"
            )

    async def _pod(self, asked: Object) -> Object:
        pod, namespace = asked["object"], asked["namespace"]
        name = None if self._ignored() else await self._trial_of(pod, namespace, _DEEPEST)
        if name is None:
            return {"allowed": True}
        trial = await self._found(TRIALS, name, namespace)
        if trial is None:
            raise _RefusedError(f'Trial.kubeflow.org "{name}" not found', 500)
        try:
            changed = named(pod, trial)
            if is_primary(pod, trial) and kind_of(trial) != "Push":
                stopping = await self._stopping_endpoint(trial, namespace)
                config = await self._config()
                changed = collected(changed, trial, config, stopping_endpoint=stopping)
        except InjectionError as error:
            raise _RefusedError(str(error)) from None
        return _patched(pod, changed)

    async def _trial_of(self, obj: Object, namespace: str, depth: int) -> str | None:
        """The name of what a Trial owns, the object itself or an owner of it."""
        owners = obj["metadata"].get("ownerReferences") or []
        if any((one["kind"], one["apiVersion"]) == _TRIAL for one in owners):
            return str(obj["metadata"].get("name", ""))
        for owner in owners if depth else ():
            if owner["kind"] not in _READABLE:
                return None
            resource = Resource(owner["apiVersion"], f"{owner['kind'].lower()}s", owner["kind"])
            found = await self._found(resource, owner["name"], namespace)
            name = found and await self._trial_of(found, namespace, depth - 1)
            if name:
                return name
        return None

    async def _config(self) -> KatibConfig:
        """As it is known here, else as the API server has it. Raises ConfigError."""
        informer = self._informers.get(CONFIG_MAPS)
        known = informer.get(CONFIG, NAMESPACE) if informer is not None else None
        return await KatibConfig.read(self._client) if known is None else KatibConfig.of(known)

    async def _stopping_endpoint(self, trial: Object, namespace: str) -> str:
        if not trial["spec"].get("earlyStoppingRules"):
            return ""
        name = (trial["metadata"].get("labels") or {}).get(EXPERIMENT, "")
        suggestion = await self._found(SUGGESTIONS, name, namespace)
        if suggestion is None:
            raise _RefusedError(
                f'invalid suggestion name: Suggestion.kubeflow.org "{name}" not found'
            )
        return endpoint(suggestion, STOPPING_PORT)

    async def _found(self, resource: Resource, name: str, namespace: str | None) -> Object | None:
        """As it is known here, where it is watched, else as the API server has it."""
        informer = self._informers.get(resource)
        if informer is not None and (known := informer.get(name, namespace or "")) is not None:
            return known
        try:
            return await self._client.get(resource, name, namespace)
        except ApiError as error:
            if not error.not_found:
                raise
            return None


_TRIAL = TRIALS.kind, TRIALS.api_version


def _reviewing(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint for admission reviews."""

    async def review(request: Request) -> Response:
        try:
            body = parse_json(await request.body())
            asked = body["request"]
            try:
                found = await answer(asked)
            except _RefusedError as error:
                found = _refused(str(error), error.code)
            except (ConfigError, DecodingError) as error:
                found = _refused(str(error), 400)
            except ApiError as error:
                found = _refused(error.message, 500)
            except ApiUnreachableError as error:
                found = _refused(str(error), 500)
            response = {"uid": asked["uid"], **found}
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            return PlainTextResponse(f"no admission review: {error!r}", 400)
        kinds = {"apiVersion": body.get("apiVersion"), "kind": "AdmissionReview"}
        return JSONResponse({**kinds, "response": response})

    return review


def _refused(message: str, code: int) -> Object:
    return {"allowed": False, "status": {"code": code, "message": message}}


def _patched(before: Object, after: Object) -> Object:
    """What allows an object with changes, as a JSON patch of its parts."""
    patch: list[Object] = []
    for part in ("metadata", "spec"):
        if before.get(part) is None:
            patch.append({"op": "add", "path": f"/{part}", "value": after[part]})
            continue
        for field, value in after[part].items():
            if before[part].get(field) != value:
                there = field in before[part]
                operation = "replace" if there else "add"
                patch.append({"op": operation, "path": f"/{part}/{field}", "value": value})
    encoded = base64.b64encode(json.dumps(patch).encode()).decode()
    return {"allowed": True, **({"patchType": "JSONPatch", "patch": encoded} if patch else {})}
