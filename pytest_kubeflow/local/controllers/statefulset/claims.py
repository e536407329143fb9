"""Claims of a StatefulSet's members: made of templates, kept or deleted as the set says.

Rules: kubernetes/kubernetes pkg/controller/statefulset (stateful_pod_control.go, ..._utils.go).
"""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.local.controllers.owners import controller_reference
from pytest_kubeflow.local.controllers.statefulset.members import (
    claim_name,
    ordinal_of,
    ordinals,
)
from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.events import EventRecorder
from pytest_kubeflow.local.kube.informer import Informer
from pytest_kubeflow.local.kube.resources import PERSISTENT_VOLUME_CLAIMS, PODS, STATEFUL_SETS

_KINDS = {(one.api_version, one.kind) for one in (STATEFUL_SETS, PODS)}


class Claims:
    """Those of the members of one StatefulSet; `known` are all claims of the cluster."""

    def __init__(
        self, client: KubeClient, recorder: EventRecorder, known: Informer, stateful_set: Object
    ) -> None:
        self._client = client
        self._recorder = recorder
        self._known = known
        self._set = stateful_set

    async def ensure(self, pod: Object) -> None:
        """Make what is missing. Raises ApiError with all that is wrong."""
        problems: list[str] = []
        for claim in wanted_claims(self._set, pod):
            metadata = claim["metadata"]
            known = self._known.get(metadata["name"], metadata["namespace"])
            if known is None:
                problem = await self._create(pod, claim)
                problems += [problem] if problem else []
            elif known["metadata"].get("deletionTimestamp"):
                problems.append(f"pvc {metadata['name']} is being deleted")
        if problems:
            together = problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"
            raise ApiError(409, "Conflict", together)

    async def _create(self, pod: Object, claim: Object) -> str | None:
        name, own = claim["metadata"]["name"], self._set["metadata"]["name"]
        called = pod["metadata"]["name"]
        try:
            await self._client.create(PERSISTENT_VOLUME_CLAIMS, claim)
        except ApiError as error:
            if error.reason == "AlreadyExists":  # the informer has not seen it yet
                return None
            why = error.message
            message = f"create Claim {name} for Pod {called} in StatefulSet {own} failed error: "
            await self._recorder.event(self._set, "Warning", "FailedCreate", message + why)
            return f"failed to create PVC {name}: {why}"
        message = f"create Claim {name} Pod {called} in StatefulSet {own} success"
        await self._recorder.event(self._set, "Normal", "SuccessfulCreate", message)
        return None

    def are_stale(self, pod: Object) -> bool:
        """Whether a claim still belongs to an earlier pod of that name, with which it will go."""
        if _policy(self._set)[1] == "Retain":
            return False
        return any(
            reference["kind"] == PODS.kind
            and reference["name"] == pod["metadata"]["name"]
            and reference["uid"] != pod["metadata"].get("uid")
            for claim in self._there(pod)
            for reference in claim["metadata"].get("ownerReferences") or []
        )

    async def own(self, pod: Object) -> bool:
        """Write the owners that the retention policy asks for; whether any were other."""
        changed = False
        for claim in self._there(pod):
            before = claim["metadata"].get("ownerReferences") or []
            after = owners(self._set, pod, before)
            if after == before:
                continue
            metadata, changed = claim["metadata"], True
            change = {"metadata": {"uid": metadata["uid"], "ownerReferences": after}}
            await self._client.patch(
                PERSISTENT_VOLUME_CLAIMS, metadata["name"], change, namespace=metadata["namespace"]
            )
        return changed

    def _there(self, pod: Object) -> Iterator[Object]:
        for claim in wanted_claims(self._set, pod):
            metadata = claim["metadata"]
            known = self._known.get(metadata["name"], metadata["namespace"])
            if known is not None:
                yield known


def wanted_claims(stateful_set: Object, pod: Object) -> Iterator[Object]:
    """What the templates say for one pod."""
    metadata, spec = stateful_set["metadata"], stateful_set["spec"]
    selected = spec["selector"].get("matchLabels") or {}
    for template in spec.get("volumeClaimTemplates") or []:
        shape = template["metadata"]
        yield {
            "metadata": {
                **shape,
                "name": claim_name(stateful_set, shape["name"], ordinal_of(pod)),
                "namespace": metadata["namespace"],
                "labels": {**(shape.get("labels") or {}), **selected},
            },
            "spec": template["spec"],
        }


def owners(stateful_set: Object, pod: Object, before: list[Object]) -> list[Object]:
    """The owner references of a claim of `pod`; as they are, where others have to do with it."""
    ours = {stateful_set["metadata"]["uid"], pod["metadata"].get("uid")}
    names = {stateful_set["metadata"]["name"], pod["metadata"]["name"]}
    for one in before:
        known = (one["apiVersion"], one["kind"]) in _KINDS and one["name"] in names
        if known and one["uid"] not in ours:  # of an earlier set or pod: the collector's to settle
            return before
    others = [one for one in before if one["uid"] not in ours]
    when_deleted, when_scaled = _policy(stateful_set)
    if any(one.get("controller") for one in others):
        return before if (when_deleted, when_scaled) == ("Retain", "Retain") else others
    condemned = ordinal_of(pod) not in ordinals(stateful_set)
    if when_scaled == "Delete" and condemned:
        pod = {"apiVersion": PODS.api_version, "kind": PODS.kind, **pod}
        return [*others, controller_reference(pod)]
    if when_deleted == "Delete":
        return [*others, controller_reference(stateful_set)]
    return others


def _policy(stateful_set: Object) -> tuple[str, str]:
    policy = stateful_set["spec"].get("persistentVolumeClaimRetentionPolicy") or {}
    return policy.get("whenDeleted", "Retain"), policy.get("whenScaled", "Retain")
