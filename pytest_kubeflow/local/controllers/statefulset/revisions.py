"""Revisions of a StatefulSet: the pod templates that it had, as ControllerRevisions.

Rules: kubernetes/kubernetes pkg/controller/history and pkg/controller/statefulset. The names are
those that a real controller gives: an FNV hash of the template's JSON, as Go writes that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from pytest_kubeflow.local.controllers.adoption import Adoption
from pytest_kubeflow.local.controllers.owners import controller_reference
from pytest_kubeflow.local.controllers.statefulset.members import revision_of
from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import CONTROLLER_REVISIONS

_HASH_LABEL = "controller.kubernetes.io/hash"
# No vowels and nothing that looks like another, so that hashes spell no words.
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_LONGEST_PREFIX = 223


class Revisions:
    """The history of one StatefulSet: what it was made of, what it is to be made of."""

    def __init__(self, client: KubeClient, stateful_set: Object, known: list[Object]) -> None:
        self._client = client
        self._set = stateful_set
        self._known = sorted(known, key=_age)
        self.collisions = int((stateful_set.get("status") or {}).get("collisionCount") or 0)

    @staticmethod
    async def of(client: KubeClient, stateful_set: Object) -> Revisions:
        """Those that are there; orphans that the selector finds are adopted."""
        adoption = Adoption(client, CONTROLLER_REVISIONS, stateful_set)
        return Revisions(client, stateful_set, await adoption.claim())

    async def settle(self) -> tuple[Object, Object]:
        """The revision of the pods that are there, and that of those to come."""
        update = await self._update()
        named = (self._set.get("status") or {}).get("currentRevision")
        current = next((one for one in self._known if one["metadata"]["name"] == named), update)
        return current, update

    async def _update(self) -> Object:
        data = revision_data(self._set["spec"]["template"])
        newest = int(self._known[-1]["revision"]) if self._known else 0
        equal = [one for one in self._known if one["data"] == data]
        if equal and equal[-1] is self._known[-1]:
            return equal[-1]
        if equal:  # a template that was there before: its revision becomes the newest again
            return await self._renumber(equal[-1], newest + 1)
        return await self._create(data, newest + 1)

    async def _renumber(self, revision: Object, number: int) -> Object:
        metadata = revision["metadata"]
        return await self._client.patch(
            CONTROLLER_REVISIONS,
            metadata["name"],
            {"revision": number},
            namespace=metadata["namespace"],
        )

    async def _create(self, data: Object, number: int) -> Object:
        metadata = self._set["metadata"]
        labels = (self._set["spec"]["template"].get("metadata") or {}).get("labels") or {}
        label = revision_hash(data, self.collisions)
        while True:
            name = f"{metadata['name'][:_LONGEST_PREFIX]}-{revision_hash(data, self.collisions)}"
            revision: Object = {
                "metadata": {
                    "name": name,
                    "namespace": metadata["namespace"],
                    "labels": {**labels, _HASH_LABEL: label},
                    "ownerReferences": [controller_reference(self._set)],
                },
                "data": data,
                "revision": number,
            }
            if metadata.get("annotations"):
                revision["metadata"]["annotations"] = metadata["annotations"]
            try:
                return await self._client.create(CONTROLLER_REVISIONS, revision)
            except ApiError as error:
                if error.reason != "AlreadyExists":
                    raise
            found = await self._client.get(CONTROLLER_REVISIONS, name, metadata["namespace"])
            if found["data"] == data:
                return found
            self.collisions += 1

    async def forget(self, pods: Iterable[Object], *live: Object) -> None:
        """Delete the oldest of those that no pod is made of, beyond the limit of the history."""
        names = {one["metadata"]["name"] for one in live} | {revision_of(pod) for pod in pods}
        past = [one for one in self._known if one["metadata"]["name"] not in names]
        limit = int(self._set["spec"]["revisionHistoryLimit"])
        if limit < 0:
            return
        for one in past[: max(0, len(past) - limit)]:
            metadata = one["metadata"]
            try:
                await self._client.delete(
                    CONTROLLER_REVISIONS, metadata["name"], metadata["namespace"]
                )
            except ApiError as error:
                if not error.not_found:
                    raise


def revision_data(template: Object) -> Object:
    """The patch that brings a StatefulSet back to a pod template."""
    return {"spec": {"template": {**template, "$patch": "replace"}}}


def template_of(revision: Object) -> Object:
    """The pod template of a revision."""
    template: Object = revision["data"]["spec"]["template"]
    return {key: value for key, value in template.items() if key != "$patch"}


def revision_hash(data: Object, collisions: int) -> str:
    """Up to ten characters that name a revision."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    digest = 2166136261  # FNV-1 of 32 bits
    for byte in f"{text}{collisions}".encode():
        digest = (digest * 16777619 & 0xFFFFFFFF) ^ byte
    return "".join(_ALPHABET[ord(digit) % len(_ALPHABET)] for digit in str(digest))


def _age(revision: Object) -> tuple[int, str, str]:
    metadata = revision["metadata"]
    return int(revision["revision"]), metadata["creationTimestamp"], metadata["name"]
