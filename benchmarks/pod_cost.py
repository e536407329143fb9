"""What isolation costs: a bare process, one in namespaces, in a cgroup, in a pod's own network.

`python -m benchmarks.pod_cost [ROUNDS]`

The bare process is `true` as the spawner starts everything, so the differences are what namespaces,
a root with the layer of its image in it, cgroups, and a network namespace with a cable add to each
process of a pod. The network is made and given back for each, as for a pod of one container.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kubelet.cgroups import ContainerCgroup, Enforcement
from pytest_kubeflow.local.kubelet.containers.rootfs import BaseLayers
from pytest_kubeflow.local.kubelet.images.catalogue import ImageCatalogue
from pytest_kubeflow.local.kubelet.images.environments import PythonEnvironments
from pytest_kubeflow.local.network.founding import ISOLATED, Founded, node_network
from pytest_kubeflow.local.network.nodenetwork import NodeNetwork
from pytest_kubeflow.local.network.podnetworks import PodNetworks
from pytest_kubeflow.local.spawner import Container, Identity, ProcessSpec, Spawner

_ENV = {"PATH": "/usr/bin:/bin"}
_LIMITS = {"limits": {"cpu": "1", "memory": "256Mi"}}
_ALLOWED_MS = 15.0
_NETWORK_ALLOWED_MS = 8.0
_POD_IP = "198.18.1.1"


class Bench:
    """Starts `true` in several ways; each returns the seconds from start to end."""

    def __init__(
        self,
        spawner: Spawner,
        enforcement: Enforcement,
        directory: Path,
        networks: PodNetworks | None,
    ) -> None:
        self._spawner = spawner
        self._networks = networks
        self._enforcement = enforcement
        self._directory = directory
        environments = PythonEnvironments(directory / "cache")
        image = ImageCatalogue(environments=environments).resolve("busybox")
        self._layer = BaseLayers(directory / "layers", environments).of(image, Identity())
        self._count = 0

    async def bare(self) -> float:
        """A process of the host."""
        began = time.perf_counter()
        await self._run(ProcessSpec(["true"], _ENV))
        return time.perf_counter() - began

    async def contained(self) -> float:
        """In namespaces and a root of its own."""
        began = time.perf_counter()
        with self._root() as root:
            await self._run(self._process(root))
            return time.perf_counter() - began

    async def limited(self) -> float:
        """The same in cgroups of a pod and a container, which are made and removed for it."""
        began = time.perf_counter()
        with self._root() as root:
            await self._in_cgroup(root)
            return time.perf_counter() - began

    async def connected(self) -> float:
        """The same in a network of its own."""
        assert self._networks is not None
        began = time.perf_counter()
        with self._root() as root:
            network = await self._networks.make(_POD_IP)
            await self._in_cgroup(root, network.namespace)
            network.close()
            return time.perf_counter() - began

    @contextlib.contextmanager
    def _root(self) -> Iterator[Path]:
        self._count += 1
        directory = self._directory / str(self._count)
        directory.mkdir()
        yield directory
        shutil.rmtree(directory)

    def _process(
        self, root: Path, cgroup: ContainerCgroup | None = None, network: int | None = None
    ) -> ProcessSpec:
        container = Container(
            root,
            "bench",
            [*self._layer.mounts, *(cgroup.mounts() if cgroup else ())],
            cgroups=cgroup.directories if cgroup else (),
            base=self._layer.directory,
            network=network,
        )
        return ProcessSpec(["true"], _ENV, container=container)

    async def _in_cgroup(self, root: Path, network: int | None = None) -> None:
        spec: Object = {"name": "main", "resources": _LIMITS}
        pod: Object = {"metadata": {"uid": str(self._count)}, "spec": {"containers": [spec]}}
        around = self._enforcement.pod(pod)
        cgroup = around.container(spec, 0)
        await self._run(self._process(root, cgroup, network))
        cgroup.remove()
        around.remove()

    async def _run(self, spec: ProcessSpec) -> None:
        process = await self._spawner.spawn(spec)
        status = await process.wait()
        if status.shell_code != 0:
            raise RuntimeError(f"true ended with {status}")


async def measure(rounds: int, founded: Founded) -> bool:
    """Print the medians; whether what a pod adds is within its allowance."""
    with tempfile.TemporaryDirectory(prefix="pod-cost-") as directory:
        async with Spawner() as spawner:
            enforcement = Enforcement("bench")
            await enforcement.open(spawner)
            network, conditions = founded
            own = isinstance(network, NodeNetwork)
            networks = PodNetworks(network.cables, network.host_ip) if network.cables else None
            bench = Bench(spawner, enforcement, Path(directory), networks)
            ways = {
                "bare process": bench.bare,
                "in namespaces": bench.contained,
                "in namespaces and cgroup": bench.limited,
                **({"and in its own network": bench.connected} if own else {}),
            }
            taken: dict[str, list[float]] = {name: [] for name in ways}
            for _ in range(rounds):
                # In turn, so that what else the machine does weighs on all of them alike.
                for name, way in ways.items():
                    taken[name].append(await way())
    medians = {name: statistics.median(values) * 1000 for name, values in taken.items()}
    bare = medians["bare process"]
    for name, median in medians.items():
        print(f"{name:<24} {median:7.2f} ms  {median / bare:5.1f} x  (+{median - bare:.2f} ms)")
    print(enforcement.message)
    added = medians["in namespaces and cgroup"] - bare
    print(f"namespaces and cgroup add {added:.2f} ms; allowed are {_ALLOWED_MS:g} ms")
    print(conditions[ISOLATED][2])
    if not own:
        return added <= _ALLOWED_MS
    more = medians["and in its own network"] - medians["in namespaces and cgroup"]
    print(f"its own network adds {more:.2f} ms; allowed are {_NETWORK_ALLOWED_MS:g} ms")
    return added <= _ALLOWED_MS and more <= _NETWORK_ALLOWED_MS


def main() -> int:
    """Exit code 1 if a pod costs more than it may."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    founded = node_network()  # as long as there is one thread
    return 0 if asyncio.run(measure(rounds, founded)) else 1


if __name__ == "__main__":
    sys.exit(main())
