"""Make this machine a node: `python -m pytest_kubeflow.local.kubelet --kubeconfig FILE`.

Runs until SIGINT or SIGTERM. Node and pods have addresses that this machine alone reaches, so
`kubectl logs` works where the API server runs on this machine too.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
from pathlib import Path

from pytest_kubeflow.local.kube import (
    ApiError,
    ApiUnreachableError,
    Credentials,
    KubeClient,
)
from pytest_kubeflow.local.kube.apiwatch import ApiWatch
from pytest_kubeflow.local.kube.commandline import (
    add_cluster_options,
    add_node_option,
    credentials_of,
    end_signalled,
)
from pytest_kubeflow.local.kubelet.images.catalogue import ImageCatalogue
from pytest_kubeflow.local.kubelet.kubelet import Kubelet
from pytest_kubeflow.local.kubelet.server.certificate import ServingKey
from pytest_kubeflow.local.kubelet.volumes.hostdirectories import HostDirectories
from pytest_kubeflow.local.network.founding import own_network
from pytest_kubeflow.local.spawner import Spawner, SpawnerError


def main() -> int:
    """Command line; exit code 2 for bad arguments, 1 if the node cannot be made."""
    parser = argparse.ArgumentParser(
        prog="python -m pytest_kubeflow.local.kubelet",
        description="Run the pods of a node as isolated processes of this machine.",
    )
    add_cluster_options(parser)
    add_node_option(parser)
    parser.add_argument(
        "--image-dir",
        action="append",
        default=[],
        metavar="NAME=DIRECTORY",
        help="let the image NAME be the content of DIRECTORY; may be repeated",
    )
    parser.add_argument(
        "--host-path",
        type=Path,
        metavar="DIRECTORY",
        help="the directory of this machine that hostPath and local volumes may show "
        "(default: none)",
    )
    options = parser.parse_args()
    images = ImageCatalogue()
    try:
        for text in options.image_dir:
            name, separator, directory = text.partition("=")
            if not separator or not directory:
                parser.error(f"--image-dir {text!r}: write NAME=DIRECTORY")
            images.register(name, Path(directory))
    except (OSError, ValueError) as error:
        parser.error(str(error))
    credentials = credentials_of(parser, options)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    try:
        asyncio.run(_run(credentials, options.node_name, images, options.host_path))
    except (ApiError, SpawnerError, ApiUnreachableError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


async def _run(
    credentials: Credentials, node_name: str, images: ImageCatalogue, host_path: Path | None
) -> None:
    ended = end_signalled()
    directory = Path(tempfile.mkdtemp(prefix="kubelet-"))
    async with Spawner(remove=[directory]) as spawner, KubeClient(credentials) as client:
        network, conditions = own_network()
        serving = ServingKey.make(directory, node_name, network.host_ip)
        client_ca = directory / "client-ca.pem"
        # The API server's certificate as a client is signed by the cluster's CA in most clusters.
        client_ca.write_text(credentials.ca_data or serving.files[0].read_text())
        kubelet = Kubelet(
            client,
            node_name=node_name,
            data_dir=directory / "data",
            spawner=spawner,
            images=images,
            server_cert=serving.files,
            client_ca=client_ca,
            directories=HostDirectories(host_path),
            host_ip=network.host_ip,
            pod_cidr=network.pods,
            conditions=conditions,
        )
        await kubelet.start()
        beside = [
            asyncio.create_task(one)
            for one in (kubelet.have_signed(serving), ApiWatch(client).run())
        ]
        logging.info("node %s is ready", node_name)
        try:
            await ended.wait()
        finally:
            for task in beside:
                task.cancel()
            await kubelet.stop()
            network.close()


if __name__ == "__main__":
    sys.exit(main())
