"""ProjectedVolumes: those of a pod that show objects of the API, its own fields and tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from pytest_kubeflow.local.kube import KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import CONFIG_MAPS, SECRETS, SERVICE_ACCOUNTS
from pytest_kubeflow.local.kubelet.containers.env import (
    ConfigError,
    Reader,
    fetch_data,
    field_value,
    resource_value,
)
from pytest_kubeflow.local.kubelet.volumes.projection import ProjectedFile, write_files

_MISSING_KEY = {
    "configMap": "configmap references non-existent config key",
    "secret": "references non-existent secret key",
}
_TOKEN_SECONDS = 3607  # the default of the API server's admission, as in real clusters


_File = tuple[str, bytes, int | None, int | None]
"""Path, content, mode if the source says one, and owner."""


class ProjectedVolumes:
    """Each is a directory of its name below `directory`. Methods raise ConfigError, ApiError."""

    def __init__(
        self, client: KubeClient, directory: Path, *, allocatable: Mapping[str, str]
    ) -> None:
        self._client = client
        self._directory = directory
        self._allocatable = allocatable
        self._projected: dict[str, tuple[Sequence[Object], int | None]] = {}
        self._shown: dict[str, dict[str, ProjectedFile]] = {}
        self._tokens: dict[tuple[str, str], tuple[str, float]] = {}

    @property
    def names(self) -> list[str]:
        """The volumes that were added."""
        return list(self._projected)

    def add(self, name: str, kind: str, source: Object) -> None:
        """Take up the volume `name`, which is to show `source`."""
        sources: list[Object] = [{kind: source}]
        if kind == "projected":
            sources = source.get("sources") or []
        self._projected[name] = (sources, source.get("defaultMode"))

    async def project(self, pod: Object, name: str, client: Reader | None = None) -> None:
        """Write what a volume shows, if that is not there already."""
        sources, mode = self._projected[name]
        default = 0o644 if mode is None else mode
        files: dict[str, ProjectedFile] = {}
        for source in sources:
            found = await self._files(pod, name, source, client or self._client)
            for path, data, item_mode, owner in found:
                files[path] = ProjectedFile(
                    data, default if item_mode is None else item_mode, owner
                )
        if self._shown.get(name) != files:
            write_files(self._directory / name, files, group=group_of(pod))
            self._shown[name] = files

    async def _files(self, pod: Object, volume: str, source: Object, client: Reader) -> list[_File]:
        namespace = pod["metadata"]["namespace"]
        for resource, kind in ((CONFIG_MAPS, "configMap"), (SECRETS, "secret")):
            if (reference := source.get(kind)) is not None:
                data = await fetch_data(client, resource, namespace, reference)
                return _chosen(data or {}, reference, _MISSING_KEY[kind])
        if (reference := source.get("downwardAPI")) is not None:
            return [
                (item["path"], self._downward(pod, item).encode(), item.get("mode"), None)
                for item in reference.get("items") or []
            ]
        if (reference := source.get("serviceAccountToken")) is not None:
            token = await self._token(pod, volume, reference)
            user = _common_user(pod)
            mode = None if user is None and group_of(pod) is None else 0o600
            return [(reference["path"], token.encode(), mode, user)]
        raise ConfigError(f"unknown projected source: {', '.join(source)}")

    def _downward(self, pod: Object, item: Object) -> str:
        if reference := item.get("fieldRef"):
            return field_value(pod, reference["fieldPath"])
        return resource_value(pod, {}, item["resourceFieldRef"], self._allocatable)

    async def _token(self, pod: Object, volume: str, source: Object) -> str:
        if (known := self._tokens.get((volume, source["path"]))) is not None:
            return known[0]
        metadata = pod["metadata"]
        account = pod["spec"].get("serviceAccountName") or "default"
        audience = source.get("audience")
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {
                "audiences": [audience] if audience else [],
                "expirationSeconds": source.get("expirationSeconds") or _TOKEN_SECONDS,
                "boundObjectRef": {
                    "apiVersion": "v1",
                    "kind": "Pod",
                    "name": metadata["name"],
                    "uid": metadata["uid"],
                },
            },
        }
        url = SERVICE_ACCOUNTS.path(metadata["namespace"], account) + "/token"
        status = (await self._client.request("POST", url, body=request))["status"]
        expires = datetime.fromisoformat(status["expirationTimestamp"]).timestamp()
        lifetime = source.get("expirationSeconds") or _TOKEN_SECONDS
        token: str = status["token"]
        self._tokens[volume, source["path"]] = (token, expires - 0.2 * lifetime)
        return token

    async def renew_tokens(self, pod: Object, now: float) -> None:
        """Replace the tokens that have used up four fifths of their time, as the kubelet does."""
        for (volume, path), (_, due) in list(self._tokens.items()):
            if now > due:
                del self._tokens[volume, path]
                await self.project(pod, volume)


def _chosen(data: Mapping[str, bytes], reference: Object, complaint: str) -> list[_File]:
    items = reference.get("items")
    if not items:
        return [(name, value, None, None) for name, value in data.items()]
    chosen: list[_File] = []
    for item in items:
        if item["key"] in data:
            chosen.append((item["path"], data[item["key"]], item.get("mode"), None))
        elif not reference.get("optional"):
            raise ConfigError(f"{complaint}: {item['key']}")
    return chosen


def group_of(pod: Object) -> int | None:
    """The group that owns the pod's volumes, if it says one."""
    group: int | None = (pod["spec"].get("securityContext") or {}).get("fsGroup")
    return group


def _common_user(pod: Object) -> int | None:
    """The user of all containers, if they have one user and the pod says which."""
    default = (pod["spec"].get("securityContext") or {}).get("runAsUser")
    users = {
        (one.get("securityContext") or {}).get("runAsUser", default)
        for one in [*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or [])]
    }
    return users.pop() if len(users) == 1 else None
