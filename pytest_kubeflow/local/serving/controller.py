"""InferenceServiceController: what KServe's controller and webhooks do for an InferenceService.

Rules: kserve/kserve pkg/controller/v1beta1/inferenceservice/controller.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pytest_kubeflow.local.controllers.controller import Controller, Informers
from pytest_kubeflow.local.controllers.owners import controller_of
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.events import EventRecorder
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.resources import (
    CLUSTER_SERVING_RUNTIMES,
    DEPLOYMENTS,
    INFERENCE_SERVICES,
    PODS,
    SERVING_RUNTIMES,
)
from pytest_kubeflow.local.serving.applied import Applier
from pytest_kubeflow.local.serving.conditions import READY, Conditions
from pytest_kubeflow.local.serving.errors import InvalidSpecError, ReconcileError
from pytest_kubeflow.local.serving.knativemode import KnativeMode
from pytest_kubeflow.local.serving.modelstatus import invalid_spec
from pytest_kubeflow.local.serving.names import INFERENCE_SERVICE_LABEL, KNATIVE, deployment_mode
from pytest_kubeflow.local.serving.predictor import pod_template, storage_uri
from pytest_kubeflow.local.serving.runtimes import Runtime, choose, model_of
from pytest_kubeflow.local.serving.standardmode import StandardMode
from pytest_kubeflow.local.serving.storage import with_model

_RETRY_SECONDS = 5.0


class InferenceServiceController(Controller):
    """Keeps the objects and the status of each InferenceService as they should be."""

    name = "inferenceservice"

    def __init__(
        self, client: KubeClient, informers: Informers, *, faults: Faults | None = None
    ) -> None:
        self._faults = faults or Faults()
        self._standard = StandardMode(client, self._faults)
        self._knative = KnativeMode(client, self._faults)
        self._recorder = EventRecorder(client, "v1beta1Controllers")
        super().__init__(client, informers)

    def watch(self) -> None:
        self.services = self.enqueue_from(INFERENCE_SERVICES)
        self.enqueue_from(DEPLOYMENTS, _owner_key)
        self.pods = self.enqueue_from(PODS, _label_key)
        self.runtimes = self.informers[SERVING_RUNTIMES]
        self.clustered = self.informers[CLUSTER_SERVING_RUNTIMES]
        for informer in (self.runtimes, self.clustered):
            informer.on_change(self._runtime_changed)

    def _runtime_changed(self, _kind: str, runtime: Object) -> None:
        namespace = runtime["metadata"].get("namespace")
        for key in self.services.objects:
            if namespace in {None, key[0]}:
                self.queue.add(key)

    async def reconcile(self, key: Key) -> None:
        service = self.services.get(key[1], key[0])
        if service is None or service["metadata"].get("deletionTimestamp"):
            return
        status: Object = {**(service.get("status") or {})}
        conditions = Conditions(status)
        status["deploymentMode"] = deployment_mode(service)
        status.setdefault("modelStatus", {"transitionStatus": ""})
        try:
            await self._serve(service, status, conditions)
        except InvalidSpecError as error:
            found = invalid_spec(status["modelStatus"], error.reason, error.message)
            status["modelStatus"] = found
            await self._failed(service, str(error))
        except ReconcileError as error:
            await self._failed(service, str(error))
        status["conditions"] = conditions.listed
        await self._write(service, status, conditions)

    async def _failed(self, service: Object, message: str) -> None:
        await self._recorder.event(service, "Warning", "InternalError", message)
        # What is missing may come without a change of the service.
        self.queue.add_after(
            (service["metadata"]["namespace"], service["metadata"]["name"]), _RETRY_SECONDS
        )

    async def _serve(self, service: Object, status: Object, conditions: Conditions) -> None:
        template = await self._template(service, status)
        applier = Applier(self.client, service)
        if status["deploymentMode"] == KNATIVE:
            await self._serve_revisions(service, status, conditions, template, applier)
        else:
            await self._serve_deployment(service, status, conditions, template, applier)
        conditions.set("Stopped", "False")

    async def _serve_deployment(
        self,
        service: Object,
        status: Object,
        conditions: Conditions,
        template: Object,
        applier: Applier,
    ) -> None:
        mode = self._standard
        with _refusals(conditions):
            made = await mode.make(service, template, applier)
        mode.tell(service, status, conditions, made)
        self._spoil(conditions)
        await mode.route(applier, service, status, conditions)
        mode.tell_model(service, status, conditions, self._pods_of(service))

    async def _serve_revisions(
        self,
        service: Object,
        status: Object,
        conditions: Conditions,
        template: Object,
        applier: Applier,
    ) -> None:
        mode = self._knative
        with _refusals(conditions):
            revisions = await mode.make(service, template, applier)
        pods = self._pods_of(service)
        shares = mode.tell(service, status, conditions, revisions, pods)
        self._spoil(conditions)
        await mode.route(applier, service, status, conditions, shares)
        await mode.retire(revisions, shares)
        mode.tell_model(status, conditions, revisions, pods)

    def _spoil(self, conditions: Conditions) -> None:
        if self._faults.active("serving-never-ready"):
            conditions.set("PredictorReady", "Unknown", "ReplicaSetUpdated")
        if self._faults.active("serving-false-ready"):
            for kind in conditions.failed():
                conditions.set(kind, "True")
            conditions.set("PredictorReady", "True")

    def _pods_of(self, service: Object) -> list[Object]:
        key = (service["metadata"]["namespace"], service["metadata"]["name"])
        return [pod for pod in self.pods.objects.values() if _label_key(pod) == key]

    async def _template(self, service: Object, status: Object) -> Object:
        namespace = service["metadata"]["namespace"]
        runtime = self._runtime(service)
        for field, clustered in (
            ("servingRuntimeName", False),
            ("clusterServingRuntimeName", True),
        ):
            status.pop(field, None)
            if runtime is not None and runtime.clustered is clustered:
                status[field] = runtime.name
        template = pod_template(service, runtime)
        uri = storage_uri(service)
        if uri is None:
            return template
        return await with_model(self.client, namespace, template, uri)

    def _runtime(self, service: Object) -> Runtime | None:
        model = model_of(service["spec"]["predictor"])
        if model is None:
            return None
        namespace = service["metadata"]["namespace"]
        own = [one for (home, _), one in self.runtimes.objects.items() if home == namespace]
        return choose(model, own, self.clustered.objects.values())

    async def _write(self, service: Object, status: Object, conditions: Conditions) -> None:
        before = service.get("status") or {}
        if status == before:
            return
        metadata = service["metadata"]
        try:
            # As a whole: what the status no longer says must go.
            await self.client.replace(
                INFERENCE_SERVICES, {**service, "status": status}, subresource="status"
            )
        except ApiError as error:
            if error.not_found:
                return
            raise
        name = metadata["name"]
        was_ready = Conditions(before).holds(READY)
        if not was_ready and conditions.holds(READY):
            message = f"InferenceService [{name}] is Ready"
            await self._recorder.event(service, "Normal", "InferenceServiceReady", message)
        elif was_ready and conditions.status(READY) == "False":
            why = ", ".join(conditions.failed())
            message = f"InferenceService [{name}] is no longer Ready because of: {why}"
            await self._recorder.event(service, "Warning", "InferenceServiceNotReady", message)


@contextmanager
def _refusals(conditions: Conditions) -> Iterator[None]:
    """What the API server does not take is told as KServe tells it; a conflict is tried again."""
    try:
        yield
    except ApiError as error:
        if error.conflict:
            raise
        conditions.set("PredictorReady", "False", "ReconcileFailed", error.message)
        raise ReconcileError(error.message) from None


def _owner_key(deployment: Object) -> Key | None:
    owner = controller_of(deployment)
    if owner is None or owner["kind"] != INFERENCE_SERVICES.kind:
        return None
    return deployment["metadata"]["namespace"], owner["name"]


def _label_key(pod: Object) -> Key | None:
    name = (pod["metadata"].get("labels") or {}).get(INFERENCE_SERVICE_LABEL)
    return (pod["metadata"]["namespace"], name) if name else None
