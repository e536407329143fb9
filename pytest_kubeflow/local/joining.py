"""JoinedApi: the API server of a cluster that the embedded Kubeflow joins, by a kubeconfig.

It stands where `apiserver.ApiServer` stands in a cluster that has everything of its own. All
components use the credentials of the kubeconfig: whose they are decides what they may.
"""

from __future__ import annotations

import itertools
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path

import yaml

from pytest_kubeflow.local.kube import ApiError, Credentials, KubeClient, load_kubeconfig
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import CONFIG_MAPS, PODS, SERVICE_CIDRS, SERVICES
from pytest_kubeflow.local.training.release import V2_1, Release

_OUTSIDE = "192.0.2.1"  # RFC 5737: nobody's address, and so nobody's cluster IP
_RANGE = re.compile(r"range of valid IPs is ([0-9./]+)")
_AUTHENTICATION = "extension-apiserver-authentication"
_FILES = {
    "cluster": ("certificate-authority",),
    "user": ("client-certificate", "client-key", "tokenFile"),
}


class OldKubernetesError(Exception):
    """The cluster is too old for what is wanted; one line."""


class JoinedApi:
    """An API server that others started. Raises KubeconfigError for a broken one."""

    def __init__(self, kubeconfig: Path, context: str | None = None) -> None:
        self._kubeconfig = kubeconfig
        self._context = context
        self._credentials = load_kubeconfig(kubeconfig, context)

    def component_credentials(self, _user: str, _groups: Sequence[str]) -> Credentials:
        """The credentials of the kubeconfig, whoever asks."""
        return self._credentials

    def write_kubeconfig(self, path: Path, *, namespace: str) -> None:
        """The same kubeconfig with another namespace, which only this user can read."""
        document: Object = yaml.safe_load(self._kubeconfig.read_text())
        if self._context is not None:
            document["current-context"] = self._context
        for one in document["contexts"]:
            if one["name"] == document["current-context"]:
                one["context"]["namespace"] = namespace
        for kind, names in _FILES.items():
            for one in document[f"{kind}s"]:
                for name in names:
                    if file := one[kind].get(name):
                        one[kind][name] = str(self._kubeconfig.parent.absolute() / file)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w") as out:
            json.dump(document, out)

    async def client_ca(self, client: KubeClient) -> str:
        """The CA of the API server's clients, and of itself as one: PEM."""
        try:
            found = await client.get(CONFIG_MAPS, _AUTHENTICATION, "kube-system")
        except ApiError as error:
            if error.code not in {403, 404}:
                raise
            found = {}
        published: str | None = (found.get("data") or {}).get("client-ca-file")
        return published or self._credentials.ca_data or ""


async def takes_trainer(client: KubeClient, release: Release) -> None:
    """Raise OldKubernetesError if the cluster does not take the definitions of `release`."""
    version = await client.request("GET", "/version")
    minor = int("".join(itertools.takewhile(str.isdigit, version["minor"])) or 0)
    if minor < release.least_kubernetes:
        raise OldKubernetesError(
            f"Trainer {release.name} needs Kubernetes 1.{release.least_kubernetes} or later, and "
            f"the cluster has {version['gitVersion']}: start with --trainer {V2_1.name}"
        )


async def service_cidrs(client: KubeClient) -> list[str]:
    """The IPv4 networks of the cluster's cluster IPs; none where the server does not tell.

    Kubernetes has objects for them since 1.33. Before, an address outside of them is refused with
    the network that it should be in (pkg/registry/core/service/ipallocator).
    """
    try:
        answer = await client.list(SERVICE_CIDRS)
    except ApiError as error:
        if error.code not in {403, 404}:
            raise
        found = await _range_of_cluster_ips(client)
    else:
        found = [cidr for one in answer["items"] for cidr in one["spec"].get("cidrs") or []]
    return [cidr for cidr in found if "." in cidr]


async def _range_of_cluster_ips(client: KubeClient) -> list[str]:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"generateName": "cluster-ips-", "namespace": "default"},
        "spec": {"clusterIP": _OUTSIDE, "ports": [{"port": 80}]},
    }
    try:
        await client.request(
            "POST", SERVICES.path("default"), params={"dryRun": "All"}, body=service
        )
    except ApiError as error:
        if error.code not in {403, 422}:
            raise
        return _RANGE.findall(error.message)
    return []


async def keeps_image_volumes(client: KubeClient, namespace: str) -> bool:
    """Whether the API server stores volumes of images, or drops them without a word.

    It drops them before Kubernetes 1.35, unless the feature gate ImageVolume is on.
    """
    volume = {"name": "image", "image": {"reference": "example.com/image:1"}}
    spec = {
        "containers": [{"name": "main", "image": "example.com/image:1"}],
        "volumes": [volume],
        "automountServiceAccountToken": False,
    }
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": "image-volume-", "namespace": namespace},
        "spec": spec,
    }
    try:
        made = await client.request(
            "POST", PODS.path(namespace), params={"dryRun": "All"}, body=pod
        )
    except ApiError as error:
        if error.code in {400, 403, 422}:
            return False  # it wants a source that it knows; or there is no account yet to run it
        raise
    volumes = made["spec"].get("volumes") or []
    return any(one["name"] == "image" and "image" in one for one in volumes)
