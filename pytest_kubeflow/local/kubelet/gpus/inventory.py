"""Inventory: the resources and labels that a node has by its GPUs.

As NVIDIA's device plugin names resources and its GPU feature discovery labels nodes
(NVIDIA/k8s-device-plugin, internal/rm and internal/lm). The MIG strategy, a setting there, follows
from the GPUs here: `single` where all of them are cut into slices of one profile, else `mixed`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pytest_kubeflow.local.kubelet.gpus.nvidia_smi import Gpu, Mig

GPU = "nvidia.com/gpu"
_NOT_IN_LABEL = re.compile(r"[^A-Za-z0-9\-_. ]")
_LONGEST = 63
_PROFILE_MEMORY = re.compile(r"\d+g\.(\d+)gb")


@dataclass(frozen=True, slots=True)
class Device:
    """What one unit of a resource is: a GPU or a slice of one, on device file `minor`."""

    uuid: str
    resource: str
    minor: int
    sliced: bool = False


@dataclass(frozen=True, slots=True)
class Inventory:
    """All devices of a node and the labels that tell of them."""

    devices: tuple[Device, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def capacity(self) -> dict[str, str]:
        """Amounts by resource name, as the node's status has them."""
        counts = Counter(device.resource for device in self.devices)
        return {name: str(count) for name, count in counts.items()}


def take_stock(gpus: Sequence[Gpu], minors: Mapping[str, int]) -> Inventory:
    """The inventory of `gpus`; `minors` are device file numbers by UUID, the index if missing."""
    profiles = {mig.profile for gpu in gpus for mig in gpu.migs}
    single = len(profiles) == 1 and all(gpu.migs for gpu in gpus)
    devices = []
    for gpu in gpus:
        minor = minors.get(gpu.uuid, gpu.index)
        if not gpu.mig_mode:
            devices.append(Device(gpu.uuid, GPU, minor))
        for mig in gpu.migs:
            resource = GPU if single else _resource(mig)
            devices.append(Device(mig.uuid, resource, minor, sliced=True))
    labels = _common(gpus) | _full(gpus)
    if any(gpu.mig_mode for gpu in gpus):
        labels["nvidia.com/mig.strategy"] = "single" if single else "mixed"
        labels |= _slices(gpus, single=single)
    return Inventory(tuple(devices), labels)


def _resource(mig: Mig) -> str:
    return f"nvidia.com/mig-{mig.profile.replace('+', '.')}"


def _common(gpus: Sequence[Gpu]) -> dict[str, str]:
    version = gpus[0].driver
    major, minor, revision, *_ = [*version.split("."), "", ""]
    labels = {
        "nvidia.com/gpu.present": "true",
        "nvidia.com/cuda.driver-version.full": version,
        "nvidia.com/cuda.driver-version.major": major,
        "nvidia.com/cuda.driver-version.minor": minor,
        "nvidia.com/cuda.driver-version.revision": revision,
    }
    return {name: value for name, value in labels.items() if not value.startswith("[")}


def _full(gpus: Sequence[Gpu]) -> dict[str, str]:
    """Of GPUs of several products, those of the first are told of: a label has one value."""
    # Whole GPUs are preferred, as their labels replace those of sliced ones of the same product.
    first = next((gpu for gpu in gpus if not gpu.mig_mode), gpus[0])
    count = sum(gpu.name == first.name for gpu in gpus)
    labels = _base(GPU, _label(first.name), count, replicas=0 if first.mig_mode else 1)
    if first.memory_mib is not None:
        labels[f"{GPU}.memory"] = str(first.memory_mib)
    return labels


def _slices(gpus: Sequence[Gpu], *, single: bool) -> dict[str, str]:
    labels: dict[str, str] = {}
    counts = Counter(mig.profile for gpu in gpus for mig in gpu.migs)
    for gpu in gpus:
        for mig in gpu.migs:
            name = GPU if single else _resource(mig)
            product = _label(gpu.name, "MIG", mig.profile.replace("+", "."))
            labels |= _base(name, product, counts[mig.profile], replicas=1)
            if match := _PROFILE_MEMORY.match(mig.profile):
                labels[f"{name}.memory"] = str(int(match[1]) * 1024)
    return labels


def _base(resource: str, product: str, count: int, *, replicas: int) -> dict[str, str]:
    return {
        f"{resource}.product": product,
        f"{resource}.count": str(count),
        f"{resource}.replicas": str(replicas),
        f"{resource}.sharing-strategy": "none",
    }


def _label(*parts: str) -> str:
    """A valid value: spaces become dashes, other characters and what is too long go."""
    words = [word for part in parts for word in _NOT_IN_LABEL.sub("", part).split()]
    return "-".join(words)[:_LONGEST].strip("-_.")
