"""Trainer's webhooks: an HTTPS server that the API server asks about TrainJobs and runtimes.

Rules and words: kubeflow/trainer v2.2, pkg/webhooks.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from copy import deepcopy

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import CLUSTER_TRAINING_RUNTIMES, JOB_SETS, Resource
from pytest_kubeflow.local.kube.times import now
from pytest_kubeflow.local.training import goerrors
from pytest_kubeflow.local.training.release import Release
from pytest_kubeflow.local.training.spoiling import unchecked
from pytest_kubeflow.local.training.trainer.decoding import refusal
from pytest_kubeflow.local.training.trainer.info import RuntimeInfo
from pytest_kubeflow.local.training.trainer.runtimes import kind_of, resource_of, unsupported
from pytest_kubeflow.local.training.trainer.validation import (
    job_errors,
    patches_changed,
    reference_of,
    refused_patches,
    runtime_errors,
)
from pytest_kubeflow.local.webhooks.admission import allowed, changed, forbidden, review

_GROUP = "trainer-kubeflow-org-v1alpha1"
DEFAULTING = f"/mutate-{_GROUP}-trainjob"
VALIDATING = {
    plural: f"/validate-{_GROUP}-{plural[:-1]}"
    for plural in ("clustertrainingruntimes", "trainingruntimes", "trainjobs")
}
_SUPPORT = "trainer.kubeflow.org/support"
_POLICY = (
    "https://www.kubeflow.org/docs/components/trainer/operator-guides/runtime/"
    "#runtime-deprecation-policy"
)

Answer = Callable[[Object], Awaitable[Object]]


class TrainerWebhooks:
    """Reads runtimes and JobSets by `client`."""

    def __init__(self, client: KubeClient, release: Release, faults: Faults) -> None:
        self._client = client
        self._faults = faults
        self._release = release
        routes = {
            DEFAULTING: self._default,
            VALIDATING["trainjobs"]: self._train_job,
            VALIDATING["trainingruntimes"]: self._runtime,
            VALIDATING["clustertrainingruntimes"]: self._cluster_runtime,
        }
        self.app = Starlette(
            routes=[
                Route(path, _reviewing(answer), methods=["POST"]) for path, answer in routes.items()
            ]
        )

    async def _default(self, asked: Object) -> Object:
        """A patch has the time when it was made, or changed."""
        why = refusal(asked["object"])
        if why is not None:
            return {"allowed": False, "status": {"code": 400, "message": why}}
        trainjob, field = _written(asked["object"]), self._release.patches
        before = ((asked.get("oldObject") or {}).get("spec") or {}).get(field) or []
        known = {one["manager"]: one for one in before}
        after = deepcopy(trainjob)
        given = after["spec"].get(field) or []
        for patch in given:
            old = known.get(patch["manager"])
            if old is not None:
                same = _untimed(old) == _untimed(patch)
                patch |= {"time": old["time"] if same and "time" in old else now()}
            else:
                patch.setdefault("time", now())
        if given:
            after["spec"][field] = [_in_order(one) for one in given]
        return changed(trainjob, after)

    async def _train_job(self, asked: Object) -> Object:
        trainjob, before = _written(asked["object"]), asked.get("oldObject")
        resource = resource_of(trainjob)
        if resource is None:
            return forbidden(unsupported(kind_of(trainjob)))
        namespace = asked["namespace"] if resource.namespaced else None
        name = trainjob["spec"]["runtimeRef"]["name"]
        try:
            runtime = await self._client.get(resource, name, namespace)
        except ApiError as error:
            return forbidden(_missing(trainjob, resource, error))
        info = RuntimeInfo.of(trainjob, runtime["spec"], self._release)
        errors = list(job_errors(trainjob, info, self._release))
        if before is not None and patches_changed(before, trainjob, self._release):
            jobset = await self._job_set(trainjob)
            errors += refused_patches(trainjob, jobset, self._release)
        if errors and not unchecked(self._faults):
            return forbidden(goerrors.aggregate(errors))
        labels = runtime["metadata"].get("labels") or {}
        if resource is CLUSTER_TRAINING_RUNTIMES and _is_deprecated(labels):
            return {**allowed(), "warnings": [_deprecation("Referenced ", name)]}
        return allowed()

    async def _job_set(self, trainjob: Object) -> Object | None:
        metadata = trainjob["metadata"]
        try:
            return await self._client.get(JOB_SETS, metadata["name"], metadata["namespace"])
        except ApiError as error:
            if error.not_found:
                return None
            raise

    async def _runtime(self, asked: Object) -> Object:
        if asked.get("oldObject") is not None:
            return allowed()
        return _judged(asked["object"])

    async def _cluster_runtime(self, asked: Object) -> Object:
        found, runtime = _judged(asked["object"]), asked["object"]
        labels = runtime["metadata"].get("labels") or {}
        if asked.get("oldObject") is None and _is_deprecated(labels):
            found["warnings"] = [_deprecation("", runtime["metadata"]["name"])]
        return found


def _written(trainjob: Object) -> Object:
    """With what Go's struct always has."""
    return trainjob if "spec" in trainjob else {**trainjob, "spec": {"runtimeRef": {}}}


def _judged(runtime: Object) -> Object:
    errors = list(runtime_errors(runtime))
    return forbidden(goerrors.aggregate(errors)) if errors else allowed()


def _missing(trainjob: Object, resource: Resource, error: ApiError) -> str:
    kind = f"{resource.kind[0].lower()}{resource.kind[1:]}"
    # As the controller's own copies say it, with the kind where the API has the plural.
    message = (
        f'{resource.kind}.trainer.kubeflow.org "{trainjob["spec"]["runtimeRef"]["name"]}" not found'
    )
    why = (
        f"{message if error.not_found else error.message}: specified {kind} must be created before "
        "the TrainJob is created"
    )
    field = "runtimeRef" if resource.namespaced else "RuntimeRef"
    return goerrors.invalid(f"spec.{field}", reference_of(trainjob), why)


def _is_deprecated(labels: Object) -> bool:
    return bool(labels.get(_SUPPORT) == "deprecated")


def _deprecation(referenced: str, name: str) -> str:
    return (
        f'{referenced}ClusterTrainingRuntime "{name}" is deprecated and will be removed in a '
        f"future release of Kubeflow Trainer. See runtime deprecation policy: {_POLICY}"
    )


def _in_order(patch: Object) -> Object:
    """As Go writes its struct."""
    return {key: patch[key] for key in ("manager", "time", "trainingRuntimeSpec") if key in patch}


def _untimed(patch: Object) -> Object:
    return {key: one for key, one in patch.items() if key != "time"}


def _reviewing(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await review(request, answer)

    return endpoint
