"""Volumes of pods.

Wording: kubernetes/pkg/apis/core/validation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pytest_kubeflow.local.apiserver.errors import Object
from pytest_kubeflow.local.apiserver.validation.causes import (
    LABEL,
    LABEL_MESSAGE,
    MOST_LABEL,
    Cause,
    bad,
    below,
    forbidden,
    required,
    twice,
    unsupported,
)
from pytest_kubeflow.local.kube.quantity import parse_quantity

# In the order in which a real server looks at them.
_SOURCES = (
    *("emptyDir", "hostPath", "gitRepo", "gcePersistentDisk", "awsElasticBlockStore", "secret"),
    *("nfs", "iscsi", "glusterfs", "flocker", "persistentVolumeClaim", "rbd", "cinder", "cephfs"),
    *("quobyte", "downwardAPI", "fc", "flexVolume", "configMap", "azureFile", "vsphereVolume"),
    *("photonPersistentDisk", "portworxVolume", "azureDisk", "storageos", "projected"),
    *("scaleIO", "csi", "ephemeral", "image"),
)
_HOST_PATHS = (
    *("", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate"),
    "Socket",
)
_MOST_MODE = 0o777
_LEAST_TOKEN = 600


def volumes(given: list[Any]) -> Iterator[Cause]:
    """All volumes of a pod."""
    names: set[str] = set()
    for at, volume in enumerate(given):
        name = volume.get("name") or ""
        field = f"volumes[{at}]"
        yield from below(field, _source(volume))
        if not name:
            yield required(f"{field}.name")
        elif len(name) > MOST_LABEL or not re.fullmatch(LABEL, name):
            yield bad(f"{field}.name", name, LABEL_MESSAGE)
        elif name in names:
            yield twice(f"{field}.name", name)
        names.add(name)


def _source(volume: Object) -> Iterator[Cause]:
    found = [one for one in _SOURCES if volume.get(one) is not None]
    if not found:
        yield required("", "must specify a volume type")
        return
    for extra in found[1:]:
        yield forbidden(extra, "may not specify more than 1 volume type")
    kind, source = found[0], volume[found[0]]
    check = _CHECKS.get(kind)
    if check is not None:
        yield from below(kind, check(source))


def _empty_directory(source: Object) -> Iterator[Cause]:
    limit = source.get("sizeLimit")
    if limit is not None and parse_quantity(str(limit)) < 0:
        yield forbidden("sizeLimit", "SizeLimit field must be a valid resource quantity")


def _host_path(source: Object) -> Iterator[Cause]:
    path = source.get("path") or ""
    if not path:
        yield required("path")
    elif ".." in path.split("/"):
        yield bad("path", path, "must not contain '..'")
    if (kind := source.get("type") or "") not in _HOST_PATHS:
        yield unsupported("type", kind, _HOST_PATHS)


def _secret(source: Object) -> Iterator[Cause]:
    if not source.get("secretName"):
        yield required("secretName")
    yield from _files(source)


def _config_map(source: Object) -> Iterator[Cause]:
    if not source.get("name"):
        yield required("name")
    yield from _files(source)


def _claim(source: Object) -> Iterator[Cause]:
    if not source.get("claimName"):
        yield required("claimName")


def _projected(source: Object) -> Iterator[Cause]:
    yield from _mode(source)
    for at, one in enumerate(source.get("sources") or []):
        path = f"sources[{at}]"
        if len(one) > 1:
            yield forbidden(path, "may not specify more than 1 volume type")
        token = one.get("serviceAccountToken")
        if token is not None:
            seconds = token.get("expirationSeconds", 3600)
            if seconds < _LEAST_TOKEN:
                why = "may not specify a duration less than 10 minutes"
                yield bad(f"{path}.serviceAccountToken.expirationSeconds", seconds, why)
            if not token.get("path"):
                yield required(f"{path}.serviceAccountToken.path")
        for kind in ("secret", "configMap"):
            if kind in one:
                yield from below(f"{path}.{kind}", _config_map(one[kind]))


def _files(source: Object) -> Iterator[Cause]:
    yield from _mode(source)
    for at, item in enumerate(source.get("items") or []):
        field = f"items[{at}]"
        if not item.get("key"):
            yield required(f"{field}.key")
        path = item.get("path") or ""
        if not path:
            yield required(f"{field}.path")
        elif path.startswith("/"):
            yield bad(f"{field}.path", path, "must be a relative path")
        elif ".." in path.split("/"):
            yield bad(f"{field}.path", path, "must not contain '..'")
        yield from below(field, _mode(item, "mode"))


def _mode(source: Object, name: str = "defaultMode") -> Iterator[Cause]:
    mode = source.get(name)
    if mode is not None and not 0 <= mode <= _MOST_MODE:
        why = "must be a number between 0 and 0777 (octal), both inclusive"
        yield bad(name, mode, why)


_CHECKS = {
    "emptyDir": _empty_directory,
    "hostPath": _host_path,
    "secret": _secret,
    "configMap": _config_map,
    "persistentVolumeClaim": _claim,
    "projected": _projected,
    "downwardAPI": _mode,
}
