"""Eviction: a pod that has written more to the node's disk than it may.

Rules and words: kubernetes/kubernetes pkg/kubelet/eviction/eviction_manager.go
(localStorageEviction). Pressure of the node itself evicts nobody here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.quantity import parse_quantity

CHECK_SECONDS = 10
GRACE_SECONDS = 1.0
_RESOURCE = "ephemeral-storage"


def is_limited(pod: Object) -> bool:
    """Whether anything of the pod has a limit that is watched here."""
    volumes = pod["spec"].get("volumes") or []
    return any((one.get("emptyDir") or {}).get("sizeLimit") for one in volumes) or any(
        _limit(one) is not None for one in pod["spec"]["containers"]
    )


def verdict(pod: Object, volumes: Mapping[str, Path], containers: Mapping[str, Path]) -> str | None:
    """Why the pod is to be evicted, if it is.

    `volumes` are its emptyDirs, `containers` the directories of what each container has written,
    its logs included. Blocks while it counts.
    """
    used = {name: _bytes(path) for name, path in volumes.items()}
    for volume in pod["spec"].get("volumes") or []:
        size = (volume.get("emptyDir") or {}).get("sizeLimit")
        if size and used.get(volume["name"], 0) > parse_quantity(size):
            return f'Usage of EmptyDir volume "{volume["name"]}" exceeds the limit "{size}". '
    written = {name: _bytes(path) for name, path in containers.items()}
    limits = {one["name"]: _limit(one) for one in pod["spec"]["containers"]}
    known = [one for one in limits.values() if one is not None]
    texts = [
        one["resources"]["limits"][_RESOURCE]
        for one in pod["spec"]["containers"]
        if _limit(one) is not None
    ]
    if known and sum(used.values()) + sum(written.values()) > sum(known):
        total = texts[0] if len(texts) == 1 else str(int(sum(known)))
        return f"Pod ephemeral local storage usage exceeds the total limit of containers {total}. "
    for name, limit in limits.items():
        if limit is not None and written.get(name, 0) > limit:
            text = next(
                one["resources"]["limits"][_RESOURCE]
                for one in pod["spec"]["containers"]
                if one["name"] == name
            )
            return f'Container {name} exceeded its local ephemeral storage limit "{text}". '
    return None


def _limit(container: Object) -> Fraction | None:
    limits = (container.get("resources") or {}).get("limits") or {}
    return parse_quantity(limits[_RESOURCE]) if _RESOURCE in limits else None


def _bytes(path: Path) -> int:
    """What a directory takes on its disk; what vanishes meanwhile counts as nothing."""
    total = 0
    for folder, folders, files in os.walk(path):
        for name in (*files, *folders):
            try:
                total += os.lstat(os.path.join(folder, name)).st_blocks * 512
            except OSError:
                continue
    return total
