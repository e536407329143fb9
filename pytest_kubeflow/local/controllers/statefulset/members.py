"""Members of a StatefulSet: which pods those are, what a new one looks like.

Rules: kubernetes/kubernetes pkg/controller/statefulset/stateful_set_utils.go.
"""

from __future__ import annotations

import re

from pytest_kubeflow.local.controllers.owners import controller_reference
from pytest_kubeflow.local.controllers.podstate import is_available, is_ready
from pytest_kubeflow.local.kube.client import Object

NAME_LABEL = "statefulset.kubernetes.io/pod-name"
INDEX_LABEL = "apps.kubernetes.io/pod-index"
REVISION_LABEL = "controller-revision-hash"
_NAME = re.compile(r"(.*)-([0-9]+)")
_MOST_ORDINAL = 2**31 - 1


def ordinal_of(pod: Object) -> int:
    """The number at the end of a pod's name; -1 where there is none."""
    found = _NAME.fullmatch(pod["metadata"]["name"])
    number = int(found[2]) if found else -1
    return number if number <= _MOST_ORDINAL else -1


def is_member(stateful_set: Object, pod: Object) -> bool:
    """Whether a pod's name is that of a member."""
    found = _NAME.fullmatch(pod["metadata"]["name"])
    return found is not None and found[1] == stateful_set["metadata"]["name"]


def ordinals(stateful_set: Object) -> range:
    """The numbers that members should have."""
    spec = stateful_set["spec"]
    start = int((spec.get("ordinals") or {}).get("start") or 0)
    return range(start, start + int(spec["replicas"]))


def revision_of(pod: Object) -> str:
    """The name of the revision that a pod was made of."""
    revision: str = (pod["metadata"].get("labels") or {}).get(REVISION_LABEL, "")
    return revision


def new_member(stateful_set: Object, template: Object, revision: str, ordinal: int) -> Object:
    """The pod that is to be created."""
    metadata, spec = stateful_set["metadata"], stateful_set["spec"]
    shape, inner = template.get("metadata") or {}, template["spec"]
    name = f"{metadata['name']}-{ordinal}"
    labels = {
        **(shape.get("labels") or {}),
        NAME_LABEL: name,
        INDEX_LABEL: str(ordinal),
        REVISION_LABEL: revision,
    }
    subdomain = spec.get("serviceName") or ""
    made = {key: value for key, value in inner.items() if key != "subdomain"}
    made |= {"hostname": name, **({"subdomain": subdomain} if subdomain else {})}
    if volumes := _volumes(stateful_set, inner, ordinal):
        made["volumes"] = volumes
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "generateName": f"{metadata['name']}-",
            "namespace": metadata["namespace"],
            "labels": labels,
            "ownerReferences": [controller_reference(stateful_set)],
            **{key: shape[key] for key in ("annotations", "finalizers") if shape.get(key)},
        },
        "spec": made,
    }


def has_identity(pod: Object) -> bool:
    """Whether the label that names a pod is there."""
    labels = pod["metadata"].get("labels") or {}
    return bool(labels.get(NAME_LABEL) == pod["metadata"]["name"])


def identity(pod: Object) -> Object:
    """The labels of a member."""
    return {NAME_LABEL: pod["metadata"]["name"], INDEX_LABEL: str(ordinal_of(pod))}


def _volumes(stateful_set: Object, spec: Object, ordinal: int) -> list[Object]:
    claims = stateful_set["spec"].get("volumeClaimTemplates") or []
    names = [one["metadata"]["name"] for one in claims]
    kept = [one for one in spec.get("volumes") or [] if one["name"] not in names]
    return [
        {
            "name": name,
            "persistentVolumeClaim": {"claimName": claim_name(stateful_set, name, ordinal)},
        }
        for name in names
    ] + kept


def claim_name(stateful_set: Object, template: str, ordinal: int) -> str:
    """The claim that is made of a template for a member."""
    return f"{template}-{stateful_set['metadata']['name']}-{ordinal}"


def is_created(pod: Object) -> bool:
    """Whether the API server has it; one that is to be created has no phase."""
    return bool((pod.get("status") or {}).get("phase"))


def is_running_and_ready(pod: Object) -> bool:
    return bool((pod.get("status") or {}).get("phase") == "Running" and is_ready(pod))


def is_unavailable(pod: Object, min_ready_seconds: int) -> bool:
    """Not serving, not for long enough, or not for much longer."""
    return is_terminating(pod) or not is_available(pod, min_ready_seconds)


def is_terminating(pod: Object) -> bool:
    return bool(pod["metadata"].get("deletionTimestamp"))
