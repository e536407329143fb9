"""GpuPool: the GPUs of this node, and which pod has which."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.quantity import parse_quantity
from pytest_kubeflow.local.kubelet.gpus.inventory import Device, Inventory, take_stock
from pytest_kubeflow.local.kubelet.gpus.nvidia_smi import Gpu, SmiProblem, ask
from pytest_kubeflow.local.spawner import Mount, Spawner

if TYPE_CHECKING:
    from pytest_kubeflow.local.kubelet.faultset import FaultSet

log = logging.getLogger(__name__)

CONDITION = "GPUReady"
# Without the driver's persistence mode each GPU takes a second or two to wake up.
_ANSWER_SECONDS = 20.0
_PREFIX = "nvidia.com/"
# Device files that every program with a GPU needs; /dev/dxg is the GPU of Windows under WSL 2.
_CONTROL = ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset", "dxg")
_MINOR = re.compile(r"^Device Minor:\s*(\d+)", re.MULTILINE)


class GpusUnavailable(Exception):  # noqa: N818 (named as the kubelet's reasons are)
    """A pod wants devices that are not free: it was put here by somebody who did not count."""


@dataclass(frozen=True, slots=True)
class GpuShare:
    """What a container gets for its GPUs; one without any gets nothing and sees none."""

    devices: tuple[Device, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    mounts: list[Mount] = field(default_factory=list)


class GpuPool:
    """Finds the GPUs once, then lends them to pods.

    `program` is nvidia-smi; by default the one on PATH, and without one there are no GPUs. Device
    files are those below $NVIDIA_DEV_ROOT (default `/`), as for NVIDIA's device plugin.
    """

    def __init__(
        self,
        program: str | None = None,
        *,
        seconds: float = _ANSWER_SECONDS,
        faults: FaultSet | None = None,
    ) -> None:
        self.program = program or shutil.which("nvidia-smi")
        self._seconds = seconds
        self.inventory = Inventory()
        self._dev = Path(os.environ.get("NVIDIA_DEV_ROOT", "/")) / "dev"
        self._known = asyncio.Event()
        self._described: tuple[str, str, str] = (
            "Unknown",
            "Asking",
            f"{self.program} is being asked",
        )
        self._lent: dict[str, dict[str, tuple[Device, ...]]] = {}
        self._faults = faults

    async def detect(self, spawner: Spawner) -> None:
        """Ask nvidia-smi; what it says, or why it does not, is then in `condition`."""
        try:
            if self.program is not None:
                gpus = await ask(self.program, spawner, self._seconds)
                self.inventory = take_stock(gpus, _minors(gpus))
                names = ", ".join(f"{name}: {n}" for name, n in self.inventory.capacity.items())
                self._described = ("True", "GPUsFound", names or "GPUs in MIG mode without a slice")
        except SmiProblem as problem:
            log.warning("no GPUs: %s", problem)
            self._described = ("False", problem.reason, f"no GPUs: {problem.message}")
        finally:
            self._known.set()

    @property
    def condition(self) -> tuple[str, str, str] | None:
        """Status, reason and message of the node's condition; none on a machine without NVIDIA."""
        return self._described if self.program is not None else None

    async def lend(self, pod: Object) -> None:
        """Give the pod its devices until `take_back`. Raises GpusUnavailable."""
        containers = pod["spec"]["containers"]
        first = [(one, _wanted(one)) for one in pod["spec"].get("initContainers") or []]
        main = [(one, _wanted(one)) for one in containers]
        if not any(wanted for _, wanted in [*first, *main]):
            return
        await self._known.wait()
        lent: dict[str, tuple[Device, ...]] = {}
        taken: set[str] = set()
        for container, wanted in main:
            lent[container["name"]] = self._choose(wanted, taken)
            taken |= {device.uuid for device in lent[container["name"]]}
        for container, wanted in first:
            # They end before the others begin, so they use the same devices; sidecars do not end.
            own = self._choose(wanted, taken if container.get("restartPolicy") else set())
            lent[container["name"]] = own
            taken |= {device.uuid for device in own}
        self._lent[pod["metadata"]["uid"]] = lent

    def take_back(self, pod: Object) -> None:
        """The pod's processes have ended: its devices are free."""
        self._lent.pop(pod["metadata"]["uid"], None)

    def share(self, pod: Object, container: str) -> GpuShare:
        """What was lent to one container, as its environment and mounts."""
        devices = self._lent.get(pod["metadata"]["uid"], {}).get(container, ())
        if not devices and self._fault("gpus-leaked"):
            devices = tuple(self.inventory.devices)
        if self._fault("gpus-missing"):
            devices = devices[1:]
        if not devices:
            return GpuShare()
        visible = ",".join(device.uuid for device in devices)
        env = {"NVIDIA_VISIBLE_DEVICES": visible, "CUDA_VISIBLE_DEVICES": visible}
        return GpuShare(devices, env, [*self._files(devices), *self._tool()])

    def _choose(self, wanted: Mapping[str, int], taken: set[str]) -> tuple[Device, ...]:
        used = taken | {
            device.uuid
            for containers in self._lent.values()
            for devices in containers.values()
            for device in devices
        }
        if self._fault("gpus-shared"):
            used = taken
        chosen: list[Device] = []
        for resource, count in wanted.items():
            free = [
                device
                for device in self.inventory.devices
                if device.resource == resource and device.uuid not in used
            ]
            if len(free) < count:
                # Words of kubernetes/kubernetes pkg/kubelet/cm/devicemanager/manager.go.
                raise GpusUnavailable(
                    "Allocate failed due to requested number of devices unavailable for "
                    f"{resource}. Requested: {count}, Available: {len(free)}, which is unexpected"
                )
            chosen += free[:count]
        return tuple(chosen)

    def _fault(self, name: str) -> bool:
        return self._faults is not None and self._faults.active(name)

    def _files(self, devices: tuple[Device, ...]) -> list[Mount]:
        names = [*_CONTROL, *sorted({f"nvidia{device.minor}" for device in devices})]
        if any(device.sliced for device in devices):
            # Which capability file belongs to a slice is not told with its UUID: all are given,
            # and what keeps slices apart is CUDA_VISIBLE_DEVICES.
            names.append("nvidia-caps")
        return [
            Mount.bind(self._dev / name, f"/dev/{name}")
            for name in names
            if (self._dev / name).exists()
        ]

    def _tool(self) -> list[Mount]:
        """nvidia-smi, as NVIDIA's container runtime brings it in; /usr shows the host's anyway."""
        if self.program is None or self.program.startswith(("/usr/bin/", "/usr/sbin/", "/bin/")):
            return []
        return [Mount.bind(self.program, "/usr/local/bin/nvidia-smi", readonly=True)]


def _wanted(container: Object) -> dict[str, int]:
    """NVIDIA devices that a container asks for, by resource."""
    resources = container.get("resources") or {}
    asked = {**(resources.get("requests") or {}), **(resources.get("limits") or {})}
    counts = {
        name: int(parse_quantity(amount))
        for name, amount in asked.items()
        if name.startswith(_PREFIX)
    }
    return {name: count for name, count in counts.items() if count > 0}


def _minors(gpus: list[Gpu]) -> dict[str, int]:
    """Device file numbers by UUID, from the driver; they need not follow the index."""
    minors = {}
    for gpu in gpus:
        # nvidia-smi writes the PCI domain with eight digits, the kernel with four.
        file = Path("/proc/driver/nvidia/gpus") / gpu.bus_id[-12:] / "information"
        if file.exists() and (match := _MINOR.search(file.read_text())):
            minors[gpu.uuid] = int(match[1])
    return minors
