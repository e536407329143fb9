"""StandardMode: a Deployment that rolls over."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import DEPLOYMENTS, INGRESSES, SERVICES, VIRTUAL_SERVICES
from pytest_kubeflow.local.serving import standard
from pytest_kubeflow.local.serving.applied import Applier
from pytest_kubeflow.local.serving.conditions import READY, Conditions
from pytest_kubeflow.local.serving.knative import path_virtual_service
from pytest_kubeflow.local.serving.modelstatus import model_status
from pytest_kubeflow.local.serving.names import (
    app_label,
    local_host,
    predictor_name,
    standard_host,
)


class StandardMode:
    """Serves an InferenceService by one Deployment."""

    def __init__(self, client: KubeClient, faults: Faults) -> None:
        self._client = client
        self._faults = faults

    async def make(self, service: Object, template: Object, applier: Applier) -> Object:
        """The Deployment, as it is now. Raises ReconcileError, ApiError."""
        wanted = standard.deployment(service, template)
        if self._faults.active("serving-gap"):
            wanted["spec"]["strategy"] = {"type": "Recreate"}
        if self._faults.active("serving-stale"):
            known = await self._known(wanted["metadata"]["name"], service)
            if known is not None:
                return known
        made = await applier.apply(DEPLOYMENTS, wanted)
        await applier.apply(SERVICES, standard.service_of(service, template))
        return made

    async def _known(self, name: str, service: Object) -> Object | None:
        try:
            return await self._client.get(DEPLOYMENTS, name, service["metadata"]["namespace"])
        except ApiError as error:
            if error.not_found:
                return None
            raise

    def tell(self, service: Object, status: Object, conditions: Conditions, made: Object) -> None:
        """What the Deployment says about the predictor."""
        name, namespace = predictor_name(service), service["metadata"]["namespace"]
        standard.tell_predictor(conditions, made)
        component = dict((status.get("components") or {}).get("predictor") or {})
        if conditions.holds("PredictorReady"):
            component["url"] = f"http://{standard_host(name, namespace)}"
        status["components"] = {"predictor": component}
        observed = (made.get("status") or {}).get("observedGeneration")
        if observed == made["metadata"]["generation"]:
            status["observedGeneration"] = service["metadata"]["generation"]

    async def route(
        self, applier: Applier, service: Object, status: Object, conditions: Conditions
    ) -> None:
        """Show the predictor to the outside. Raises ReconcileError, ApiError."""
        name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
        if not conditions.holds("PredictorReady"):
            conditions.set("IngressReady", "False", "Predictor ingress not created")
            return
        await applier.apply(INGRESSES, standard.ingress(service))
        host = local_host(predictor_name(service), namespace)
        route = [{"destination": {"host": host, "port": {"number": 80}}}]
        await applier.apply(VIRTUAL_SERVICES, path_virtual_service(service, route))
        status["url"] = f"http://{standard_host(name, namespace)}"
        status["address"] = {"url": f"http://{host}"}
        conditions.set("IngressReady", "True")

    def tell_model(
        self, service: Object, status: Object, conditions: Conditions, pods: Sequence[Object]
    ) -> None:
        label = app_label(predictor_name(service))
        mine = [pod for pod in pods if (pod["metadata"].get("labels") or {}).get("app") == label]
        status["modelStatus"] = model_status(
            status["modelStatus"], mine, ready=conditions.holds(READY), broken=False
        )
