"""KnativeMode: revisions that come, take over the requests, and go.

Rules: kserve/kserve reconcilers/knative/ksvc_reconciler.go, PropagateStatus in
inference_service_status.go, and Knative's own for what a revision is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import DEPLOYMENTS, SERVICES, VIRTUAL_SERVICES
from pytest_kubeflow.local.serving import knative
from pytest_kubeflow.local.serving.applied import Applier
from pytest_kubeflow.local.serving.conditions import READY, Conditions
from pytest_kubeflow.local.serving.knative import Revision, Share
from pytest_kubeflow.local.serving.modelstatus import model_status
from pytest_kubeflow.local.serving.names import (
    REVISION_LABEL,
    SERVICE_LABEL,
    knative_host,
    local_host,
    predictor_name,
)

_TROUBLES = frozenset(
    {
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "ErrImageNeverPull",
        "ErrImagePull",
        "ImagePullBackOff",
    }
)


class KnativeMode:
    """Serves an InferenceService by revisions."""

    def __init__(self, client: KubeClient, faults: Faults) -> None:
        self._client = client
        self._faults = faults

    async def make(self, service: Object, template: Object, applier: Applier) -> list[Revision]:
        """The revisions, oldest first; the last is of `template`. Raises ApiError."""
        wanted = knative.revision_template(service, template)
        revisions = await self._revisions(service)
        stale = revisions and self._faults.active("serving-stale")
        if not stale and (not revisions or revisions[-1].template != knative.digest_of(wanted)):
            number = revisions[-1].number + 1 if revisions else 1
            made = knative.revision_deployment(service, wanted, number)
            revisions.append(Revision(await applier.apply(DEPLOYMENTS, made)))
        for revision in revisions:
            await applier.apply(SERVICES, knative.revision_service(service, revision))
            if revision.serves and not _marked(revision):
                await self._annotate(revision)
        return revisions

    async def _revisions(self, service: Object) -> list[Revision]:
        answer = await self._client.list(
            DEPLOYMENTS,
            service["metadata"]["namespace"],
            label_selector=f"{SERVICE_LABEL}={predictor_name(service)}",
        )
        return sorted(map(Revision, answer["items"]), key=lambda one: one.number)

    async def _annotate(self, revision: Revision) -> None:
        metadata = revision.deployment["metadata"]
        await self._client.patch(
            DEPLOYMENTS,
            metadata["name"],
            {"metadata": {"annotations": {knative.SERVED: "true"}}},
            namespace=metadata["namespace"],
        )

    def tell(
        self,
        service: Object,
        status: Object,
        conditions: Conditions,
        revisions: Sequence[Revision],
        pods: Sequence[Object],
    ) -> list[Share]:
        """Conditions and component status; returns how requests are to be shared."""
        newest = revisions[-1]
        component: dict[str, Any] = dict((status.get("components") or {}).get("predictor") or {})
        component["latestCreatedRevision"] = newest.name
        ready = [one for one in revisions if one.ready]
        shares = _shares(service, component, ready)
        if ready:
            component["latestReadyRevision"] = ready[-1].name
            _roll_out(component, shares, ready[-1])
            component["traffic"] = [
                {
                    "latestRevision": revision.name == ready[-1].name,
                    "percent": percent,
                    "revisionName": revision.name,
                }
                for revision, percent in shares
            ]
        failure = None if newest.ready else _failure(_pods_of(newest, pods))
        self._tell_conditions(conditions, newest, shares, failure)
        if conditions.holds("PredictorReady"):
            name, namespace = predictor_name(service), service["metadata"]["namespace"]
            component["url"] = f"http://{knative_host(name, namespace)}"
            component["address"] = {"url": f"http://{local_host(name, namespace)}"}
        status["components"] = {"predictor": component}
        status["observedGeneration"] = service["metadata"]["generation"]
        return shares

    def _tell_conditions(
        self,
        conditions: Conditions,
        newest: Revision,
        shares: Sequence[Share],
        failure: str | None,
    ) -> None:
        verdict: tuple[str, ...] = ("True",)
        if failure is not None:
            message = f'Revision "{newest.name}" failed with message: {failure}.'
            verdict = ("False", "RevisionFailed", message)
        elif not newest.ready:
            verdict = ("Unknown", "Deploying")
        for kind in ("PredictorConfigurationReady", "LatestDeploymentReady"):
            conditions.set(kind, *verdict)
        routed = ("True",) if shares else (verdict[0], "RevisionMissing")
        for kind in ("PredictorRouteReady", "RoutesReady"):
            conditions.set(kind, *routed)
        conditions.set("PredictorReady", *(verdict if newest.ready or failure else routed))

    async def route(
        self,
        applier: Applier,
        service: Object,
        status: Object,
        conditions: Conditions,
        shares: Sequence[Share],
    ) -> None:
        """Lead the requests to the revisions of `shares`, and let the others end."""
        if not shares:
            found = conditions.status("PredictorReady")
            conditions.set("IngressReady", found, "Predictor ingress not created")
            return
        name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
        for local in knative.local_services(service):
            await applier.apply(SERVICES, local)
        led = [(shares[-1][0], 100)] if self._faults.active("canary-ignored") else shares
        made = await applier.apply(VIRTUAL_SERVICES, knative.virtual_service(service, led))
        route = made["spec"]["http"][0]["route"]
        await applier.apply(VIRTUAL_SERVICES, knative.path_virtual_service(service, route))
        status["url"] = f"http://{knative_host(name, namespace)}"
        status["address"] = {"url": f"http://{local_host(name, namespace)}"}
        conditions.set("IngressReady", "True")

    async def retire(self, revisions: Sequence[Revision], shares: Sequence[Share]) -> None:
        """Scale the revisions to zero that no request goes to any more."""
        kept = {revisions[-1].name, *(one.name for one, percent in shares if percent)}
        if self._faults.active("serving-gap"):
            kept = {revisions[-1].name}
        for revision in revisions:
            if revision.name not in kept and revision.replicas:
                metadata = revision.deployment["metadata"]
                await self._client.patch(
                    DEPLOYMENTS,
                    metadata["name"],
                    {"spec": {"replicas": 0}},
                    namespace=metadata["namespace"],
                )

    def tell_model(
        self,
        status: Object,
        conditions: Conditions,
        revisions: Sequence[Revision],
        pods: Sequence[Object],
    ) -> None:
        newest = revisions[-1]
        mine = _pods_of(newest, pods)
        if not mine and newest.ready:
            # Scaled to zero: what was loaded will be again.
            copies = {"failedCopies": 0, "totalCopies": 0}
            status["modelStatus"] = {**status["modelStatus"], "copies": copies}
            return
        status["modelStatus"] = model_status(
            status["modelStatus"], mine, ready=conditions.holds(READY), broken=False
        )


def _pods_of(revision: Revision, pods: Sequence[Object]) -> list[Object]:
    return [
        pod
        for pod in pods
        if (pod["metadata"].get("labels") or {}).get(REVISION_LABEL) == revision.name
    ]


def _failure(pods: Sequence[Object]) -> str | None:
    """Why the containers of a revision do not run, if one has failed."""
    for pod in pods:
        status = pod.get("status") or {}
        for one in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
            state = one["state"]
            waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
            if waiting.get("reason") in _TROUBLES:
                last = (one.get("lastState") or {}).get("terminated") or {}
                return str(last.get("message") or waiting.get("message") or waiting["reason"])
            if ended.get("exitCode"):
                return str(ended.get("message") or ended["reason"])
    return None


def _marked(revision: Revision) -> bool:
    annotations = revision.deployment["metadata"].get("annotations") or {}
    return annotations.get(knative.SERVED) == "true"


def _shares(service: Object, component: Object, ready: Sequence[Revision]) -> list[Share]:
    """Who gets how many percent of the requests."""
    if not ready:
        return []
    latest = ready[-1]
    percent = service["spec"]["predictor"].get("canaryTrafficPercent")
    before = component.get("latestRolledoutRevision")
    if before == latest.name:
        before = component.get("previousRolledoutRevision") if percent is not None else None
    old = next((one for one in ready if one.name == before), None)
    if percent is None or percent >= 100 or old is None:
        return [(latest, 100)]
    return [(latest, percent), (old, 100 - percent)]


def _roll_out(component: dict[str, Any], shares: Sequence[Share], latest: Revision) -> None:
    """Note which revision has all requests, and which had them before."""
    if shares[0] == (latest, 100) and component.get("latestRolledoutRevision") != latest.name:
        if before := component.get("latestRolledoutRevision"):
            component["previousRolledoutRevision"] = before
        component["latestRolledoutRevision"] = latest.name
