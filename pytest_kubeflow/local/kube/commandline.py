"""What programs that join a cluster have in common on their command lines, and how they end."""

from __future__ import annotations

import argparse
import asyncio
import platform
import signal
from pathlib import Path


def add_cluster_options(parser: argparse.ArgumentParser) -> None:
    """Add `--kubeconfig`, `--context` and `--node-name`."""
    parser.add_argument("--kubeconfig", type=Path, required=True, help="how to reach the cluster")
    parser.add_argument("--context", help="context of the kubeconfig; default: its current one")
    parser.add_argument("--node-name", default=platform.node().lower(), help="default: host name")


def end_signalled() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set, for the loop that runs."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    return ended
