"""Provision volumes: `python -m pytest_kubeflow.local.provisioner --kubeconfig FILE --directory D`.

For claims of a real cluster whose storage class has the provisioner `kubeflow.local/path`, as the
class `standard` of the embedded Kubeflow has. The volumes are directories of this machine, for the
pods of the node `--node-name` alone; its kubelet shows them with `--host-path`. Runs until SIGINT
or SIGTERM; the directories of volumes that are still there stay.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import sys
from pathlib import Path

from pytest_kubeflow.local.controllers.controller import Informers
from pytest_kubeflow.local.controllers.persistentvolume import PersistentVolumeController
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import (
    ApiError,
    ApiUnreachableError,
    Credentials,
    KubeClient,
    load_kubeconfig,
)
from pytest_kubeflow.local.kube.commandline import add_cluster_options, end_signalled
from pytest_kubeflow.local.kube.resources import PERSISTENT_VOLUMES


def main() -> int:
    """Command line; exit code 2 for bad arguments, 1 if the API server refuses."""
    parser = argparse.ArgumentParser(
        prog="python -m pytest_kubeflow.local.provisioner",
        description="Make directories of this machine volumes of a cluster.",
    )
    add_cluster_options(parser)
    parser.add_argument("--directory", type=Path, required=True, help="where volumes are made")
    options = parser.parse_args()
    try:
        credentials = load_kubeconfig(options.kubeconfig, options.context)
    except ValueError as error:
        parser.error(str(error))
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    directory = options.directory.absolute()
    try:
        asyncio.run(_run(credentials, options.node_name, directory))
    except (ApiError, ApiUnreachableError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


async def _run(credentials: Credentials, node_name: str, directory: Path) -> None:
    ended = end_signalled()
    async with KubeClient(credentials) as client:
        await client.list(PERSISTENT_VOLUMES)  # one line, and no silent repetition, if it may not
        informers = Informers(client)
        controller = PersistentVolumeController(
            client,
            informers,
            directory=directory,
            node_name=node_name,
            faults=Faults(()),
            provisions_only=True,
        )
        work = asyncio.create_task(controller.run())
        logging.info("provisioning volumes of node %s in %s", node_name, directory)
        try:
            await ended.wait()
        finally:
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work
            await informers.stop()


if __name__ == "__main__":
    sys.exit(main())
