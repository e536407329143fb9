"""Node: this machine as the one node of the cluster, and what its pods can be made of."""

from __future__ import annotations

import compileall
import shutil
from functools import partial
from pathlib import Path

from pytest_kubeflow.local.controlplane import ControlPlane
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kubelet import ImageCatalogue, Kubelet
from pytest_kubeflow.local.kubelet.images.registryclient import RegistryClient
from pytest_kubeflow.local.kubelet.volumes.hostdirectories import HostDirectories
from pytest_kubeflow.local.notebooks.image import notebook_image
from pytest_kubeflow.local.pipelines import DRIVER_REFERENCE, LAUNCHER_DIRECTORY, LAUNCHER_IMAGE
from pytest_kubeflow.local.pvcviewers.image import add_viewer_image
from pytest_kubeflow.local.running import Running
from pytest_kubeflow.local.serving.images import add_images
from pytest_kubeflow.local.sessionimage import add_session_image
from pytest_kubeflow.local.spawner import Spawner
from pytest_kubeflow.local.tensorboards.image import tensorboard_image
from pytest_kubeflow.local.training.delivery import add_delivery_image
from pytest_kubeflow.local.training.image import torch_image

VOLUMES = "volumes"
"""The name of the directory of its volumes."""


def node_images(directory: Path) -> ImageCatalogue:
    """The images that a node has, of which `directory` keeps what is compiled."""
    images = ImageCatalogue()
    images.register(LAUNCHER_IMAGE, _compiled(LAUNCHER_DIRECTORY, directory))
    images.hosted.add(DRIVER_REFERENCE, command="driver")
    add_images(images, directory)
    images.add(notebook_image(directory))
    images.add(tensorboard_image(directory))
    images.add(torch_image(directory))
    add_viewer_image(images, directory)
    add_delivery_image(images, directory)
    add_session_image(images, directory)
    return images


def _compiled(program: Path, directory: Path) -> Path:
    """A copy of `program` with its bytecode beside it: a pod cannot write it there."""
    copy = directory / program.name
    shutil.copytree(program, copy, ignore=shutil.ignore_patterns("__pycache__"))
    compileall.compile_dir(copy, quiet=2)
    return copy


async def start_node(
    running: Running,
    control: ControlPlane,
    name: str,
    *,
    directory: Path,
    volumes: Path,
    host_path: Path | None,
    spawner: Spawner,
    images: ImageCatalogue,
    faults: Faults,
) -> Kubelet:
    """Start the kubelet, with a certificate that the control plane gives or signs."""
    serving = await control.serving(name)
    kubelet = Kubelet(
        await running.client(f"system:node:{name}", ["system:nodes"]),
        node_name=name,
        data_dir=directory / "kubelet",
        spawner=spawner,
        images=images,
        server_cert=serving.files,
        client_ca=serving.client_ca,
        faults=faults,
        host_ip=control.network.host_ip,
        pod_cidr=control.network.pods,
        conditions=control.conditions,
        cables=control.network.cables,
        directories=HostDirectories(host_path, volumes),
        registries=RegistryClient(lambda address: control.network.socket(address[0], address[1])),
    )
    await running.run(kubelet.start, kubelet.stop)
    if control.joined:
        running.at_end(kubelet.withdraw)
    if serving.key is not None:
        running.watch(kubelet.have_signed(serving.key), name="serving certificate")
    faults.on_change(partial(running.soon, kubelet.renew_lease))
    return kubelet
