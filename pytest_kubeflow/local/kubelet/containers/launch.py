"""Launch: what the process of a container starts with, put together from pod and image."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kubelet.cgroups import ContainerCgroup
from pytest_kubeflow.local.kubelet.containers.env import container_env, expand, service_env
from pytest_kubeflow.local.kubelet.containers.rootfs import PodIdentity
from pytest_kubeflow.local.kubelet.containers.security import identity
from pytest_kubeflow.local.kubelet.context import Node
from pytest_kubeflow.local.kubelet.gpus import GpuShare
from pytest_kubeflow.local.kubelet.images.catalogue import LISTEN_ADDRESS, Image
from pytest_kubeflow.local.kubelet.pod_network.hosts import hostname_of
from pytest_kubeflow.local.kubelet.volumes.pod_volumes import PodVolumes
from pytest_kubeflow.local.network.podnetworks import PodNetwork
from pytest_kubeflow.local.spawner import Container, Identity, Mount, ProcessSpec


@dataclass(frozen=True, slots=True)
class Launch:
    """One configured run of a container."""

    image: Image
    hostname: str
    env: dict[str, str]
    arguments: list[str]
    volumes: list[Mount]
    devices: list[Mount]
    identity: Identity

    def process_spec(
        self,
        node: Node,
        spec: Object,
        directory: Path,
        *,
        pod: PodIdentity,
        message_file: Path,
        cgroup: ContainerCgroup,
        network: PodNetwork | None = None,
    ) -> ProcessSpec:
        """Make `directory`, for what the container writes, and say what is to be started there."""
        directory.mkdir(parents=True)
        layer = node.layers.of(self.image, self.identity)
        message_path = spec.get("terminationMessagePath") or "/dev/termination-log"
        context = spec.get("securityContext") or {}
        readonly = bool(context.get("readOnlyRootFilesystem"))
        return ProcessSpec(
            argv=self.arguments or [""],
            env=self.env,
            working_dir=spec.get("workingDir") or self.image.working_dir or "/",
            container=Container(
                root=directory,
                base=layer.directory,
                layers=layer.below,
                hostname=self.hostname,
                mounts=[
                    *layer.mounts_of(readonly=readonly),
                    *pod.mounts(readonly=readonly),
                    *cgroup.mounts(),
                    *self.devices,
                    *self.volumes,
                    Mount.bind(message_file, message_path),
                ],
                identity=self.identity,
                readonly_root=readonly,
                cgroups=cgroup.directories,
                network=network.namespace if network is not None else None,
            ),
        )


async def configure(
    node: Node,
    pod: Object,
    spec: Object,
    image: Image,
    volumes: PodVolumes,
    gpus: GpuShare,
    *,
    apart: bool = False,
) -> Launch:
    """Resolve what the container refers to, in a network of its pod's own if it is `apart`.

    Raises ConfigError or ApiError.
    """
    who = identity(pod, spec, image, node.system_calls.program)
    hostname = hostname_of(pod)
    own = await _own_environment(node, pod, spec)
    env = {
        "HOME": "/" if who.uid else "/root",
        **image.env,
        **({LISTEN_ADDRESS: _where(pod, apart=apart)} if LISTEN_ADDRESS in image.env else {}),
        "HOSTNAME": hostname,
        **own,
        **gpus.env,
    }
    return Launch(
        image,
        hostname,
        env,
        _arguments(spec, image, own),
        volumes.mounts(spec, own),
        gpus.mounts,
        who,
    )


def _where(pod: Object, *, apart: bool) -> str:
    """At every address, unless these are others' as well."""
    return "0.0.0.0" if apart else pod["status"]["podIP"]  # noqa: S104 of the pod


def _arguments(spec: Object, image: Image, own: dict[str, str]) -> list[str]:
    command = [expand(word, own) for word in spec.get("command") or ()]
    arguments = [expand(word, own) for word in spec.get("args") or ()]
    entrypoint = command or image.entrypoint
    # Where there is no entry point, arguments replace the image's default command.
    return [*entrypoint, *arguments] or list(image.command)


async def _own_environment(node: Node, pod: Object, spec: Object) -> dict[str, str]:
    """What does not come from the image: variables of Services and of the pod."""
    server = node.client.credentials.server.partition("://")[2].split("/")[0]
    host, _, port = server.rpartition(":")
    links = pod["spec"].get("enableServiceLinks", True)
    services = service_env(node.services(pod["metadata"]["namespace"]) if links else [])
    # The API server's own address: its Service needs a port that only root may open.
    address = {
        "clusterIP": host.strip("[]") or server,
        "ports": [{"name": "https", "port": int(port) if port.isdigit() else 443}],
    }
    services |= service_env([{"metadata": {"name": "kubernetes"}, "spec": address}])
    return await container_env(
        node.client, pod, spec, services=services, allocatable=node.allocatable
    )
