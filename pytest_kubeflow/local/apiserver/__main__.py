"""`python -m pytest_kubeflow.local.apiserver`: a Kubernetes API without a cluster behind it.

Prints the path of an administrator's kubeconfig, and stays up until Ctrl-C or SIGTERM.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from pytest_kubeflow.local.apiserver import ApiServer, Pki
from pytest_kubeflow.local.kube.commandline import end_signalled
from pytest_kubeflow.local.network import LoopbackNetwork


async def main() -> None:
    """Serve until told to stop; the directory with the kubeconfig goes with the server."""
    stopped = end_signalled()
    network = LoopbackNetwork()
    with tempfile.TemporaryDirectory(prefix="kubernetes-") as name:
        directory = Path(name)
        server = ApiServer(pki=Pki(directory / "pki"), service_cidr=network.services)
        await server.start()
        server.write_kubeconfig(directory / "kubeconfig")
        sys.stdout.write(f"{directory / 'kubeconfig'}\n")
        sys.stdout.flush()
        await stopped.wait()
        await server.stop()
    network.close()


if __name__ == "__main__":
    asyncio.run(main())
