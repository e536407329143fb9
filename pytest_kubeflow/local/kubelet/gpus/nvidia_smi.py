"""nvidia-smi: asks the driver's own tool which GPUs there are.

It may be missing, hang on a sick GPU, or print an error in place of an answer: each of these is
one plain sentence here. Fields and wording: `nvidia-smi --help-query-gpu`, NVIDIA's nvidia-smi
manual, and its outputs as people publish them.
"""

from __future__ import annotations

import asyncio
import os
import re
from dataclasses import dataclass, replace

from pytest_kubeflow.local.spawner import ProcessSpec, Spawner, SpawnError

_FIELDS = ("index", "uuid", "name", "memory.total", "driver_version", "pci.bus_id")
_MIG_FIELD = "mig.mode.current"
_GPU = re.compile(r"GPU \d+: .+ \(UUID: (?P<uuid>GPU-[^)]+)\)")
_MIG = re.compile(
    r"\s+MIG (?P<profile>\S+)\s+Device\s+(?P<number>\d+): \(UUID: (?P<uuid>MIG-[^)]+)\)"
)
# What to say, and the remedy, for errors that are common: by a part of nvidia-smi's own words.
_KNOWN = (
    (
        "Driver/library version mismatch",
        "DriverMismatch",
        "the driver in the kernel and its libraries have different versions: reboot, or reload "
        "the nvidia kernel modules",
    ),
    (
        "couldn't communicate with the NVIDIA driver",
        "DriverNotLoaded",
        "the driver is not loaded: modprobe nvidia, or install the driver for this kernel",
    ),
    ("No devices were found", "NoDevices", "the driver is loaded but finds no GPU"),
    ("GPU is lost", "GPULost", "a GPU has fallen off the bus: reboot"),
)


class SmiProblem(Exception):  # noqa: N818 (an answer of the machine, not a mistake)
    """nvidia-smi gives no list of GPUs: a reason in one word, and a message."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


@dataclass(frozen=True, slots=True)
class Mig:
    """One slice of a GPU, of a profile such as `1g.5gb`."""

    number: int
    profile: str
    uuid: str


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU; `migs` are its slices if it is in MIG mode. `memory_mib` is None if not told."""

    index: int
    uuid: str
    name: str
    memory_mib: int | None
    driver: str
    bus_id: str
    mig_mode: bool = False
    migs: tuple[Mig, ...] = ()


async def ask(program: str, spawner: Spawner, seconds: float) -> list[Gpu]:
    """The GPUs of this machine, by index. Raises SmiProblem; never takes longer than `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            return await _ask(program, spawner)
    except TimeoutError:
        raise SmiProblem(
            "Timeout",
            f"{program} does not answer within {seconds:g} s: a GPU or the driver hangs "
            "(see the kernel log for NVRM messages)",
        ) from None
    except SpawnError as error:
        raise SmiProblem("NotExecutable", f"{program} cannot be run: {error}") from None


async def _ask(program: str, spawner: Spawner) -> list[Gpu]:
    code, text = await _run(spawner, _query(program, (*_FIELDS, _MIG_FIELD)))
    if code != 0 and "not a valid field" in text:
        # A driver from before there was MIG.
        code, text = await _run(spawner, _query(program, _FIELDS))
    gpus = parse_query(code, text)
    if not any(gpu.mig_mode for gpu in gpus):
        return gpus
    code, listing = await _run(spawner, [program, "-L"])
    return parse_list(code, listing, gpus)


def _query(program: str, fields: tuple[str, ...]) -> list[str]:
    return [program, f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits"]


async def _run(spawner: Spawner, command: list[str]) -> tuple[int, str]:
    """Exit code and output. In the spawner's world: it ends with the cluster at the latest."""
    read, write = os.pipe2(os.O_CLOEXEC)
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read, "rb", buffering=0)
    )
    try:
        try:
            process = await spawner.spawn(
                ProcessSpec(command, dict(os.environ)), stdout=write, stderr=write
            )
        finally:
            os.close(write)
        try:
            text = await reader.read()
            status = await process.wait()
        finally:
            process.kill()
    finally:
        transport.close()
    return status.shell_code, text.decode(errors="replace")


def parse_query(code: int, text: str) -> list[Gpu]:
    """The GPUs that the query's answer lists. Raises SmiProblem if it is no such list."""
    if code != 0:
        raise _problem(code, text)
    gpus = []
    for line in text.splitlines():
        values = [value.strip() for value in line.split(",")]
        if not line.strip():
            continue
        if (
            len(values) < len(_FIELDS)
            or not values[0].isdigit()
            or not values[1].startswith("GPU-")
        ):
            raise _problem(code, text)
        index, uuid, name, memory, driver, bus_id, *mig_mode = values
        gpus.append(
            Gpu(
                index=int(index),
                uuid=uuid,
                name=name,
                memory_mib=int(memory) if memory.isdigit() else None,
                driver=driver,
                bus_id=bus_id.lower(),
                mig_mode=mig_mode == ["Enabled"],
            )
        )
    if not gpus:
        raise _problem(code, "No devices were found")
    return gpus


def parse_list(code: int, text: str, gpus: list[Gpu]) -> list[Gpu]:
    """`gpus` with the slices that `nvidia-smi -L` lists below each. Raises SmiProblem."""
    if code != 0:
        raise _problem(code, text)
    slices: dict[str, list[Mig]] = {}
    current = ""
    for line in text.splitlines():
        if match := _GPU.match(line):
            current = match["uuid"]
        elif (match := _MIG.match(line)) and current:
            mig = Mig(int(match["number"]), match["profile"], match["uuid"])
            slices.setdefault(current, []).append(mig)
    return [replace(gpu, migs=tuple(slices.get(gpu.uuid, ()))) for gpu in gpus]


def _problem(code: int, text: str) -> SmiProblem:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    message = " ".join(lines[:2])[:300] or "nothing"
    for words, reason, remedy in _KNOWN:
        if words in text:
            return SmiProblem(reason, f"nvidia-smi says: {message}; {remedy}")
    if code == 0:
        return SmiProblem("UnexpectedOutput", f"nvidia-smi does not list GPUs but says: {message}")
    return SmiProblem("Failed", f"nvidia-smi ends with code {code} and says: {message}")
