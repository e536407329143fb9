"""Schedule the pods of a cluster: `python -m pytest_kubeflow.local.scheduler --kubeconfig FILE`.

For an API server that has no scheduler: two of one name would both decide. Runs until SIGINT or
SIGTERM.
"""

from __future__ import annotations

import argparse
import logging
import sys

from pytest_kubeflow.local.controllers.controller import run_alone
from pytest_kubeflow.local.kube import KubeClient
from pytest_kubeflow.local.kube.commandline import add_cluster_options, run_joined
from pytest_kubeflow.local.kube.resources import NODES
from pytest_kubeflow.local.scheduler.scheduler import NAME, Scheduler


def main() -> int:
    """Command line; exit code 2 for bad arguments, 1 if the API server refuses."""
    parser = argparse.ArgumentParser(
        prog="python -m pytest_kubeflow.local.scheduler",
        description="Put the pods of a cluster that has no scheduler on its nodes.",
    )
    add_cluster_options(parser)
    return run_joined(parser, _schedule)


async def _schedule(client: KubeClient, _: argparse.Namespace) -> None:
    await client.list(NODES)  # one line, and no silent repetition, if it may not
    logging.info("scheduling pods of the scheduler %s", NAME)
    await run_alone(client, Scheduler)


if __name__ == "__main__":
    sys.exit(main())
