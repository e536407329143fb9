"""What `nvidia-smi` says inside a task, and the shell script that asks it there.

GPU images need not have Python: CUDA's base images do not. Formats: `nvidia-smi -L`, and
`nvidia-smi --help-query-gpu` of drivers 450 to 580.
"""

import re
from dataclasses import dataclass

COLUMNS = "index,uuid,name,memory.total,driver_version,mig.mode.current"

# Some matrices, multiplied on the GPU by what the image has for it; the sum is known beforehand.
CUDA = """
try:
    import torch as array
    ones = array.ones(512, 512, device="cuda")
    found = float((ones @ ones).sum().item())
except ImportError:
    import cupy as array
    found = float((array.ones((512, 512)) @ array.ones((512, 512))).sum())
print(array.__name__, found)
"""
CUDA_SUM = 512.0**3

SCRIPT = f"""
run() {{
  echo "== $1"; shift
  if command -v timeout > /dev/null; then timeout 60 "$@" 2>&1; else "$@" 2>&1; fi
  echo "== status $?"
}}
{{
  echo "== began $(date +%s)"
  run list nvidia-smi -L
  run query nvidia-smi --query-gpu={COLUMNS} --format=csv,noheader,nounits
  if command -v python3 > /dev/null; then run cuda python3 -c "$2"; fi
  sleep "$1"
  echo "== ended $(date +%s)"
}} > "$3"
cat "$3"
"""

_GPU = re.compile(r"GPU (\d+): (.+) \(UUID: (\S+)\)")
_MIG = re.compile(r"\s+MIG (\S+)\s+Device\s+(\d+): \(UUID: (\S+)\)")
_SECTION = re.compile(r"^== (.*)$\n?", re.MULTILINE)
_NONE = "No devices were found"


@dataclass(frozen=True)
class Gpu:
    """One GPU. `memory` is in MiB, 0 where it is not told; `mig` says that it is split up."""

    index: int
    uuid: str
    name: str
    memory: int
    driver: str
    mig: bool

    @property
    def product(self) -> str:
        """The name as GPU feature discovery writes it into the label nvidia.com/gpu.product."""
        return re.sub(r"\s+", "-", self.name.strip())


@dataclass(frozen=True)
class MigDevice:
    """A part of a GPU: its profile, such as 1g.5gb."""

    profile: str
    index: int
    uuid: str


@dataclass(frozen=True)
class GpuReport:
    """What one task saw. `problem` is what nvidia-smi complained of; `cuda` what Python said."""

    gpus: list[Gpu]
    migs: list[MigDevice]
    problem: str
    cuda: str
    began: int
    ended: int

    @property
    def uuids(self) -> list[str]:
        """Of all devices that can be computed on: MIG devices where there are some, else GPUs."""
        return [one.uuid for one in self.migs] or [one.uuid for one in self.gpus]

    def overlaps(self, other: "GpuReport") -> bool:
        """Whether both tasks ran at the same time, for a while."""
        return min(self.ended, other.ended) > max(self.began, other.began)


def parse(text: str) -> GpuReport:
    """What SCRIPT wrote. Raises ValueError if it did not come to its end."""
    parts = _SECTION.split(text)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    order = parts[1::2]
    times = {word: int(at) for word, at in (one.split() for one in order if _is_time(one))}
    if times.keys() != {"began", "ended"}:
        raise ValueError(f"the task was cut off: {text[-300:]!r}")
    listed, status = sections.get("list", ""), _status_after("list", order)
    problem = "" if status == 0 or _NONE in listed else _explain(status, listed)
    gpus, migs = parse_list(listed) if not problem else ([], [])
    details = parse_query(sections.get("query", "")) if _status_after("query", order) == 0 else {}
    return GpuReport(
        gpus=[details.get(one.uuid, one) for one in gpus],
        migs=migs,
        problem=problem,
        cuda=sections.get("cuda", "").strip(),
        began=times["began"],
        ended=times["ended"],
    )


def parse_list(text: str) -> tuple[list[Gpu], list[MigDevice]]:
    """The output of `nvidia-smi -L`."""
    gpus, migs = [], []
    for line in text.splitlines():
        if found := _GPU.fullmatch(line.strip()):
            gpus.append(Gpu(int(found[1]), found[3], found[2], 0, "", mig=False))
        elif found := _MIG.fullmatch(line.rstrip()):
            migs.append(MigDevice(found[1], int(found[2]), found[3]))
    return gpus, migs


def parse_query(text: str) -> dict[str, Gpu]:
    """The output of `nvidia-smi --query-gpu=COLUMNS`, by UUID."""
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) != COLUMNS.count(",") + 1 or not cells[0].isdigit():
            continue
        index, uuid, name, memory, driver, mig = cells
        # Some products tell no memory: "[N/A]", "[Not Supported]".
        size = int(memory) if memory.isdigit() else 0
        found[uuid] = Gpu(int(index), uuid, name, size, driver, mig == "Enabled")
    return found


def _is_time(heading: str) -> bool:
    return re.fullmatch(r"(began|ended) \d+", heading) is not None


def _status_after(section: str, order: list[str]) -> int:
    """The exit status that was written behind a section; -1 if none was."""
    if section not in order:
        return -1
    following = order[order.index(section) + 1]
    return int(following.removeprefix("status ")) if following.startswith("status ") else -1


def _explain(status: int, said: str) -> str:
    """Why there is no list, in a sentence."""
    message = " ".join(said.split())[:300]
    if status == 127 or "not found" in message:
        return f"there is no nvidia-smi in the container ({message or 'not found'})"
    if status in {124, 143}:
        return "nvidia-smi did not answer within 60 s: the driver hangs"
    if "version mismatch" in message:
        return f"the container's NVIDIA libraries do not fit the node's driver ({message})"
    return f"nvidia-smi failed with exit code {status}: {message or 'it says nothing'}"
