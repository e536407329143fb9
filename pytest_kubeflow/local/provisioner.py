"""Provision volumes: `python -m pytest_kubeflow.local.provisioner --kubeconfig FILE --directory D`.

For claims of a real cluster whose storage class has the provisioner `kubeflow.local/path`, as the
class `standard` of the embedded Kubeflow has. The volumes are directories of this machine, for the
pods of the node `--node-name` alone; its kubelet shows them with `--host-path`. Runs until SIGINT
or SIGTERM; the directories of volumes that are still there stay.
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from pytest_kubeflow.local.controllers.controller import run_alone
from pytest_kubeflow.local.controllers.persistentvolume import PersistentVolumeController
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import KubeClient
from pytest_kubeflow.local.kube.commandline import (
    add_cluster_options,
    add_node_option,
    run_joined,
)
from pytest_kubeflow.local.kube.resources import PERSISTENT_VOLUMES


def main() -> int:
    """Command line; exit code 2 for bad arguments, 1 if the API server refuses."""
    parser = argparse.ArgumentParser(
        prog="python -m pytest_kubeflow.local.provisioner",
        description="Make directories of this machine volumes of a cluster.",
    )
    add_cluster_options(parser)
    add_node_option(parser)
    parser.add_argument("--directory", type=Path, required=True, help="where volumes are made")
    return run_joined(parser, _provision)


async def _provision(client: KubeClient, options: argparse.Namespace) -> None:
    await client.list(PERSISTENT_VOLUMES)  # one line, and no silent repetition, if it may not
    directory = options.directory.absolute()
    logging.info("provisioning volumes of node %s in %s", options.node_name, directory)
    await run_alone(
        client,
        lambda client, informers: PersistentVolumeController(
            client,
            informers,
            directory=directory,
            node_name=options.node_name,
            faults=Faults(()),
            provisions_only=True,
        ),
    )


if __name__ == "__main__":
    sys.exit(main())
