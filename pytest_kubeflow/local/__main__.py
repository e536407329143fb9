"""`python -m pytest_kubeflow.local`: the embedded Kubeflow as a program that stays up."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_kubeflow.local.endpoints import Endpoints
from pytest_kubeflow.local.faults import CONFIG_MAP, FAULTS, no_such_fault
from pytest_kubeflow.local.settings import PASSWORD_VARIABLE, GatewaySettings
from pytest_kubeflow.local.training.release import DEFAULT, RELEASES
from pytest_kubeflow.local.training.settings import TrainingSettings

if TYPE_CHECKING:
    from pytest_kubeflow.local.network.founding import Founded


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until Ctrl-C, SIGTERM or, under a test session, the end of standard input."""
    options = _parse(arguments)
    if options.list_faults:
        width = max(map(len, FAULTS))
        for name, meaning in FAULTS.items():
            _say(f"{name:<{width}}  {meaning}")
        return 0
    if options.cache or options.empty_cache:
        return _cache(empty=options.empty_cache)
    logging.basicConfig(
        level=options.log_level.upper(), format="%(levelname)s %(name)s: %(message)s"
    )
    # Imported late, so that --help and --list-faults answer at once.
    from pytest_kubeflow.local.network.founding import NoOwnNetwork, node_network

    try:
        # First, as long as this process has one thread.
        network = node_network("shared" if options.kubeconfig else options.pod_network)
    except NoOwnNetwork as error:
        sys.stderr.write(f"{error}\n")
        return 1
    directory = Path(tempfile.mkdtemp(prefix="kubeflow-local-"))
    try:
        return asyncio.run(_serve(options, directory, network))
    finally:
        # The spawner has removed it, unless the server did not get as far as starting one.
        shutil.rmtree(directory, ignore_errors=True)


def _cache(*, empty: bool) -> int:
    """Say what is kept between clusters, or remove it."""
    from pytest_kubeflow.local.kubelet.images.packagecache import (
        UNUSED_DAYS,
        CacheInUseError,
        PackageCache,
    )

    kept = PackageCache()
    found = [(one, one.size) for one in kept.entries()]
    if empty:
        try:
            kept.remove()
        except CacheInUseError as error:
            sys.stderr.write(f"{error}\n")
            return 1
    for one, size in () if empty else found:
        day = time.strftime("%Y-%m-%d", time.localtime(one.used))
        place = one.path.relative_to(kept.folder)
        _say(f"{size / 2**20:>8.0f} MiB  last used {day}  {place}")
    what = "removed" if empty else f"unused for {UNUSED_DAYS} days it is removed at a start"
    _say(f"{sum(size for _, size in found) / 2**20:>8.0f} MiB in {kept.folder}: {what}")
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m pytest_kubeflow.local",
        description="An embedded Kubeflow on loopback, which runs pipelines as processes.",
    )
    parser.add_argument(
        "--mode",
        choices=("multi-user", "standalone"),
        default="multi-user",
        help="a multi-user platform behind a gateway (default), or stand-alone pipelines",
    )
    parser.add_argument(
        "--fault",
        action="append",
        type=_fault,
        default=[],
        metavar="NAME",
        help="a fault that is on from the start (repeatable; see --list-faults)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIRECTORY",
        help="keep objects of Kubernetes, volumes, runs and artifacts here, and go on with them",
    )
    parser.add_argument(
        "--host-path",
        type=Path,
        metavar="DIRECTORY",
        help="the directory of this machine that pods may mount as hostPath volumes (default: "
        "none; in profiles they are refused)",
    )
    parser.add_argument(
        "--kubeconfig",
        type=Path,
        metavar="FILE",
        help="join the cluster of this kubeconfig as one node, instead of running a control plane; "
        "the components use its credentials",
    )
    parser.add_argument(
        "--node-name",
        default="kubeflow-local",
        metavar="NAME",
        help="the name of this machine as a node (default: kubeflow-local)",
    )
    parser.add_argument(
        "--workflows",
        action="store_true",
        help="on a cluster that is joined, run Workflows that people create, too; it must have no "
        "controller of Argo Workflows (with an embedded control plane they run without this)",
    )
    parser.add_argument(
        "--pod-network",
        choices=("auto", "own", "shared"),
        default="auto",
        help="whether each pod has its own network, or all share that of this machine; auto "
        "(default): own, if this machine allows it. Pods of a cluster that is joined share it",
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="pipelines fail where they rely on behavior that Kubeflow's own backend does not have",
    )
    parser.add_argument(
        "--trainer",
        choices=tuple(RELEASES),
        default=DEFAULT,
        help=f"the release of Trainer: 2.1 is that of Kubeflow 26.03 (default: {DEFAULT})",
    )
    parser.add_argument(
        "--training-operator",
        action="store_true",
        help="run the Training Operator v1, too: PyTorchJobs, TFJobs, MPIJobs",
    )
    _add_gateway(parser)
    parser.add_argument("--list-faults", action="store_true", help="list the faults and exit")
    parser.add_argument(
        "--cache",
        action="store_true",
        help="list the Python environments and packages that are kept on disk, and exit",
    )
    parser.add_argument(
        "--empty-cache",
        action="store_true",
        help="remove them, and exit; refused while an embedded Kubeflow is running",
    )
    parser.add_argument("--log-level", choices=("debug", "info", "warning"), default="warning")
    parser.add_argument("--ready-fd", type=int, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def _fault(name: str) -> str:
    if name not in FAULTS:
        raise argparse.ArgumentTypeError(no_such_fault(name))
    return name


def _add_gateway(parser: argparse.ArgumentParser) -> None:
    """One option for each of GatewaySettings, in both its forms where it is a switch."""
    group = parser.add_argument_group("login, in multi-user mode")
    for setting in fields(GatewaySettings):
        name, text = f"--{setting.name.replace('_', '-')}", setting.metadata["help"]
        if isinstance(setting.default, bool):
            action = argparse.BooleanOptionalAction
            group.add_argument(name, action=action, default=setting.default, help=text)
        elif isinstance(setting.default, str):
            group.add_argument(name, default=setting.default, metavar="AUDIENCE", help=text)
        else:
            text = f"seconds {text} (default: {setting.default})"
            group.add_argument(name, type=int, default=setting.default, metavar="N", help=text)


async def _serve(options: argparse.Namespace, directory: Path, network: Founded) -> int:
    # Imported late, so that --help and --list-faults answer at once.
    from pytest_kubeflow.local.database import DatabaseError
    from pytest_kubeflow.local.joining import OldKubernetesError
    from pytest_kubeflow.local.kube import ApiError, ApiUnreachableError, KubeconfigError
    from pytest_kubeflow.local.kube.commandline import end_signalled
    from pytest_kubeflow.local.multiuser_gateway import PASSWORD
    from pytest_kubeflow.local.server import Server
    from pytest_kubeflow.local.spawner import SpawnerError
    from pytest_kubeflow.local.webhooks.joined import ForeignWebhookError

    stopped = end_signalled()
    chosen = {one.name: getattr(options, one.name) for one in fields(GatewaySettings)}
    try:
        server = Server(
            directory,
            multi_user=options.mode == "multi-user",
            faults=options.fault,
            gateway=GatewaySettings(**chosen),
            password=os.environ.pop(PASSWORD_VARIABLE, "") or PASSWORD,
            data=options.data,
            host_path=options.host_path,
            kubeconfig=options.kubeconfig,
            node_name=options.node_name,
            strict=options.strict,
            network=network,
            training=TrainingSettings(RELEASES[options.trainer], options.training_operator),
            workflows=options.workflows,
        )
        endpoints = await server.start()
    except (
        *(ApiError, ApiUnreachableError, ForeignWebhookError),
        *(KubeconfigError, SpawnerError, DatabaseError, OldKubernetesError),
    ) as error:
        # One line, also of what a server says in several.
        sys.stderr.write(f"{' '.join(str(error).split())}\n")
        return 1
    try:
        if options.ready_fd is None:
            _describe(endpoints, options.data)
        else:
            await _follow_standard_input(stopped)
            with open(options.ready_fd, "w") as ready:
                ready.write(endpoints.to_json() + "\n")
        await stopped.wait()
    finally:
        await server.stop()
    return 0


async def _follow_standard_input(stopped: asyncio.Event) -> None:
    """Set `stopped` when standard input ends: whoever started us is gone or wants us to stop."""

    def readable() -> None:
        with contextlib.suppress(BlockingIOError):
            if not os.read(0, 4096):
                asyncio.get_running_loop().remove_reader(0)
                stopped.set()

    os.set_blocking(0, False)
    asyncio.get_running_loop().add_reader(0, readable)


def _describe(endpoints: Endpoints, data: Path | None) -> None:
    besides = f" but what is in {data}" if data is not None else ""
    lines = [
        f"host:        {endpoints.host}",
        f"kubeconfig:  {endpoints.kubeconfig}",
        f"namespace:   {endpoints.namespace}",
    ]
    if endpoints.username is not None:
        lines.append(f"login:       {endpoints.username} / {endpoints.password}")
        lines += [f"             {one.login} / {one.password}" for one in endpoints.others]
    namespace, name = CONFIG_MAP
    lines += [
        f"s3:          {endpoints.s3_endpoint}",
        "s3 keys:     Secret mlpipeline-minio-artifact in namespace kubeflow",
        *_registry(endpoints),
        f"faults:      ConfigMap {name} in namespace {namespace} (see --list-faults)",
        f"Ctrl-C stops it and removes everything{besides}.",
    ]
    _say("\n".join(lines))


def _registry(endpoints: Endpoints) -> list[str]:
    """A line for the registry."""
    found = endpoints.registry
    return (
        []
        if found is None
        else [f"registry:    {found.address} ({found.username} / {found.password})"]
    )


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
