"""What programs that join a cluster have in common: options, errors in one line, how they end."""

from __future__ import annotations

import argparse
import asyncio
import logging
import platform
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from pytest_kubeflow.local.kube.apiwatch import ApiWatch
from pytest_kubeflow.local.kube.client import ApiError, KubeClient
from pytest_kubeflow.local.kube.kubeconfig import Credentials, load_kubeconfig
from pytest_kubeflow.local.kube.unreachable import ApiUnreachableError

Work = Callable[[KubeClient, argparse.Namespace], Awaitable[None]]
"""What a program does with its options until it is cancelled."""


def add_cluster_options(parser: argparse.ArgumentParser) -> None:
    """Add `--kubeconfig` and `--context`."""
    parser.add_argument("--kubeconfig", type=Path, required=True, help="how to reach the cluster")
    parser.add_argument("--context", help="context of the kubeconfig; default: its current one")


def add_node_option(parser: argparse.ArgumentParser) -> None:
    """Add `--node-name`."""
    parser.add_argument("--node-name", default=platform.node().lower(), help="default: host name")


def credentials_of(parser: argparse.ArgumentParser, options: argparse.Namespace) -> Credentials:
    """Those that the options name; ends the program with code 2 where there are none."""
    try:
        return load_kubeconfig(options.kubeconfig, options.context)
    except ValueError as error:
        parser.error(str(error))


def run_joined(parser: argparse.ArgumentParser, work: Work) -> int:
    """Do `work` until SIGINT or SIGTERM.

    The exit code: 0 then, 2 for bad arguments, 1 if the API server refuses or is not there.
    """
    options = parser.parse_args()
    credentials = credentials_of(parser, options)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    try:
        asyncio.run(_until_signalled(credentials, options, work))
    except (ApiError, ApiUnreachableError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


async def _until_signalled(
    credentials: Credentials, options: argparse.Namespace, work: Work
) -> None:
    ended = asyncio.create_task(end_signalled().wait())
    async with KubeClient(credentials) as client:
        watching = asyncio.create_task(ApiWatch(client).run())
        working = asyncio.ensure_future(work(client, options))
        await asyncio.wait({ended, working}, return_when=asyncio.FIRST_COMPLETED)
        watching.cancel()
        if working.done():
            ended.cancel()
            await working
        working.cancel()
        await asyncio.gather(working, watching, return_exceptions=True)


def end_signalled() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set, for the loop that runs."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    return ended
