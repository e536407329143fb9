"""TensorboardController: keeps the objects and the status of each Tensorboard as they should be.

Rules: components/tensorboard-controller/controllers/tensorboard_controller.go and
reconcilehelper/util.go of kubeflow/notebooks 1.11.
"""

from __future__ import annotations

from collections.abc import Callable

from pytest_kubeflow.local.controllers.controller import Controller, Informers
from pytest_kubeflow.local.controllers.exposed import keep_service, keep_virtual_service
from pytest_kubeflow.local.controllers.owners import controller_of
from pytest_kubeflow.local.controllers.podsettings import PodSettings
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.resources import (
    DEPLOYMENTS,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    SERVICES,
    TENSORBOARDS,
    VIRTUAL_SERVICES,
)
from pytest_kubeflow.local.tensorboards.objects import (
    affinity_to,
    claim_of,
    deployment_of,
    service_of,
    virtual_service_of,
)
from pytest_kubeflow.local.tensorboards.settings import APP, CONFIG, NAMESPACE, TensorboardSettings


class TensorboardController(Controller):
    """Works while `works()`, whose changes are told to those who `on_change`."""

    name = "tensorboard"

    def __init__(
        self,
        client: KubeClient,
        informers: Informers,
        *,
        faults: Faults,
        works: Callable[[], bool],
        on_change: Callable[[Callable[[], None]], None],
    ) -> None:
        self._faults = faults
        self._works = works
        self._settings = PodSettings(
            client, informers[PODS], namespace=NAMESPACE, app=APP, config=CONFIG
        )
        super().__init__(client, informers)
        on_change(self._again)

    def _again(self) -> None:
        self.enqueue_all(self.tensorboards.objects)

    def watch(self) -> None:
        # Services and VirtualServices are not looked after: what is done to them stays done until
        # something happens to the Deployment.
        self.tensorboards = self.enqueue_from(TENSORBOARDS)
        self.deployments = self.enqueue_from(DEPLOYMENTS, _owner_key)
        self.services = self.informers[SERVICES]
        self.routes = self.informers[VIRTUAL_SERVICES]
        self.pods = self.informers[PODS]
        self.claims = self.informers[PERSISTENT_VOLUME_CLAIMS]

    async def reconcile(self, key: Key) -> None:
        tensorboard = self.tensorboards.get(key[1], key[0])
        if tensorboard is None or not self._works():
            return
        if self._faults.active("tensorboards-ignored"):
            return
        if tensorboard["metadata"].get("deletionTimestamp"):
            return
        settings = TensorboardSettings.of(await self._settings.read())
        wanted = deployment_of(tensorboard, settings, self._affinity(tensorboard, settings))
        if self._faults.active("tensorboard-empty"):
            wanted["spec"]["template"]["spec"]["containers"][0]["args"][0] = "--logdir=/nowhere"
        found = await self._deployment(key, self._owned(wanted))
        await keep_service(self.client, self.services, self._owned(service_of(tensorboard)))
        route = self._owned(virtual_service_of(tensorboard, settings))
        await keep_virtual_service(self.client, self.routes, route)
        status = _status(tensorboard, found)
        if status is not None and status != tensorboard.get("status"):
            await self.client.replace(
                TENSORBOARDS, {**tensorboard, "status": status}, subresource="status"
            )

    def _owned(self, wanted: Object) -> Object:
        """As it is, with its owner; a fault leaves that out."""
        if not self._faults.active("tensorboard-left"):
            return wanted
        metadata = {**wanted["metadata"], "ownerReferences": []}
        return {**wanted, "metadata": metadata}

    def _affinity(self, tensorboard: Object, settings: TensorboardSettings) -> Object:
        """Raises ApiError where the claim is not there: nothing at all is made then."""
        name = claim_of(tensorboard)
        if name is None or not settings.rwo_scheduling:
            return {}
        claim = self.claims.get(name, tensorboard["metadata"]["namespace"])
        if claim is None:
            raise ApiError(404, "NotFound", f'persistentvolumeclaims "{name}" not found')
        return affinity_to(claim, self.pods.objects.values())

    async def _deployment(self, key: Key, wanted: Object) -> Object | None:
        """Make the Deployment, or give it its number of pods and their node; what there was."""
        found = self.deployments.get(key[1], key[0])
        if found is None:
            await self.client.create(DEPLOYMENTS, wanted)
            return None
        template, ours = found["spec"]["template"], wanted["spec"]
        affinity = ours["template"]["spec"]["affinity"]
        same = (
            not found["metadata"].get("labels")
            and found["spec"].get("replicas") == ours["replicas"]
            and (template["spec"].get("affinity") or {}) == affinity
        )
        if not same:
            spec = {**template["spec"], "affinity": affinity}
            changed = {
                **found["spec"],
                "replicas": ours["replicas"],
                "template": {**template, "spec": spec},
            }
            metadata = {name: one for name, one in found["metadata"].items() if name != "labels"}
            await self.client.replace(DEPLOYMENTS, {**found, "metadata": metadata, "spec": changed})
        return found


def _status(tensorboard: Object, deployment: Object | None) -> Object | None:
    """The new status; None while there is none that the schema takes."""
    if deployment is None:
        return None
    before, found = tensorboard.get("status") or {}, deployment.get("status") or {}
    conditions = list(before.get("conditions") or [])
    newest = next(iter(found.get("conditions") or []), None)
    if newest is not None:
        state = newest["type"]
        if not conditions or conditions[-1]["deploymentState"] != state:
            time = newest.get("lastUpdateTime")
            conditions.append(
                {"deploymentState": state, **({"lastProbeTime": time} if time else {})}
            )
    # Without a condition the real one sends null, which is refused, and tries again.
    if not conditions:
        return None
    return {"conditions": conditions, "readyReplicas": found.get("readyReplicas", 0)}


def _owner_key(obj: Object) -> Key | None:
    owner = controller_of(obj)
    if owner is None or owner["kind"] != TENSORBOARDS.kind:
        return None
    return obj["metadata"]["namespace"], owner["name"]
