"""Run controllers of a cluster: `python -m pytest_kubeflow.local.controllers --kubeconfig FILE`.

What kube-controller-manager and a provisioner of volumes do, as far as the embedded cluster has it,
for an API server that has none: two would undo each other's work. Runs until SIGINT or SIGTERM; the
directories of volumes that are still there stay.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from pathlib import Path

from pytest_kubeflow.local.controllers.manager import ControllerManager
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import KubeClient
from pytest_kubeflow.local.kube.commandline import (
    add_cluster_options,
    add_node_option,
    run_joined,
)
from pytest_kubeflow.local.kube.resources import NAMESPACES


def main() -> int:
    """Command line; exit code 2 for bad arguments, 1 if the API server refuses."""
    parser = argparse.ArgumentParser(
        prog="python -m pytest_kubeflow.local.controllers",
        description="Look after the objects of a cluster that has no kube-controller-manager.",
    )
    add_cluster_options(parser)
    add_node_option(parser)
    parser.add_argument(
        "--directory", type=Path, required=True, help="where volumes of the node are made"
    )
    return run_joined(parser, _control)


async def _control(client: KubeClient, options: argparse.Namespace) -> None:
    await client.list(NAMESPACES)  # one line, and no silent repetition, if it may not
    manager = ControllerManager(
        client,
        volumes=options.directory.absolute(),
        node_name=options.node_name,
        ca=client.credentials.ca_data or "",
        faults=Faults(()),
    )
    try:
        await manager.start()
        logging.info("looking after namespaces, workloads, endpoints, volumes and owners")
        await asyncio.Event().wait()
    finally:
        await manager.stop()


if __name__ == "__main__":
    sys.exit(main())
