"""What a task sees of its own limits. Runs inside the task: standard library, no imports of ours.

Usage: `python3 -c SOURCE look FILE`, `... burn SECONDS FILE`, `... fill MEBIBYTES FILE`; FILE gets
a JSON object. Files of cgroups: Documentation/admin-guide/cgroup-v2.rst and cgroup-v1 in Linux.
"""

import json
import os
import sys
import time
from typing import Any

NO_LIMIT = 1 << 62  # version 1 shows a number that is about as large for "none"
STEP = 16  # MiB


def mounts(root: str) -> list[tuple[int, list[str], str, str]]:
    """The cgroup file systems that are mounted: (version, controllers, mounted part, directory)."""
    found: list[tuple[int, list[str], str, str]] = []
    for line in read(root, "/proc/self/mountinfo").splitlines():
        left, _, right = line.partition(" - ")
        fields, (kind, *rest) = left.split(), right.split()
        if kind in ("cgroup", "cgroup2"):
            options = rest[-1].split(",") if kind == "cgroup" else []
            found.append((2 if kind == "cgroup2" else 1, options, fields[3], fields[4]))
    return found


def cgroup_of(controller: str, root: str = "") -> tuple[int, str]:
    """(version, directory) of this process's cgroup for `controller`. Raises LookupError."""
    paths: dict[str, str] = {}
    for line in read(root, "/proc/self/cgroup").splitlines():
        _, names, path = line.split(":", 2)
        paths.update(dict.fromkeys(names.split(",") if names else [""], path))
    mounted = mounts(root)
    if not mounted:
        raise LookupError("no cgroup file system is mounted in this container")
    # In a hybrid set-up a controller is in one of the two versions; version 1 names it.
    for version, options, part, directory in mounted:
        if version == 1 and controller in options:
            return 1, place(root, paths.get(controller, "/"), part, directory)
    for version, _, part, directory in mounted:
        if version == 2:
            found = place(root, paths.get("", "/"), part, directory)
            controllers = read(root, found + "/cgroup.controllers").split()
            if controller in controllers:
                return 2, found
    raise LookupError(f"no cgroup file system with the controller {controller!r} is mounted")


def place(root: str, path: str, part: str, directory: str) -> str:
    """Where a cgroup `path` is found, if `part` of its hierarchy is mounted at `directory`."""
    below = os.path.relpath(path, part)
    candidate = os.path.normpath(os.path.join(directory, below))
    # Behind a cgroup namespace the path may lead out of what is mounted; then that is our own.
    inside = not below.startswith("..") and os.path.isdir(root + candidate)
    return candidate if inside else directory


def read(root: str, path: str) -> str:
    """The content of a file below `root`."""
    with open(root + path) as file:
        return file.read()


def cpu(root: str = "") -> dict[str, Any]:
    """Version, directory, quota and period in microseconds (None: no limit), throttled periods."""
    version, directory = cgroup_of("cpu", root)
    if version == 2:
        quota, period = read(root, directory + "/cpu.max").split()
    else:
        quota = read(root, directory + "/cpu.cfs_quota_us").strip()
        period = read(root, directory + "/cpu.cfs_period_us")
    lines = read(root, directory + "/cpu.stat").splitlines()
    counts = dict(line.split() for line in lines)
    return {
        "version": version,
        "directory": directory,
        "quota": None if quota in ("max", "-1") else int(quota),
        "period": int(period),
        "throttled": int(counts.get("nr_throttled", 0)),
    }


def memory(root: str = "") -> dict[str, Any]:
    """Version, directory and limit in bytes (None: no limit)."""
    version, directory = cgroup_of("memory", root)
    name = "memory.max" if version == 2 else "memory.limit_in_bytes"
    text = read(root, f"{directory}/{name}").strip()
    limit = None if text == "max" or int(text) >= NO_LIMIT else int(text)
    return {"version": version, "directory": directory, "limit": limit}


def look(root: str = "") -> dict[str, Any]:
    """Everything that a program can know of its limits; what is missing is told as "problem"."""
    found: dict[str, Any] = {
        "affinity": len(os.sched_getaffinity(0)),
        "cpu_count": os.cpu_count(),
        "page_size": os.sysconf("SC_PAGE_SIZE"),
    }
    try:
        found["cpu"] = cpu(root)
        found["memory"] = memory(root)
    except (LookupError, OSError, ValueError) as error:
        found["problem"] = str(error)
    return found


def burn(seconds: float) -> dict[str, Any]:
    """Compute for `seconds`; how much CPU time that took, and how often it was throttled.

    Up to four times as long while it is hardly throttled: others may hold the CPUs.
    """
    limit = look().get("cpu", {})
    before, throttled = limit.get("throttled", 0), 0
    started, began = time.process_time(), time.monotonic()
    for _ in range(4):
        round_began = time.monotonic()
        while time.monotonic() - round_began < seconds:
            pass
        throttled = look().get("cpu", {}).get("throttled", 0) - before
        if throttled > 5:
            break
    spent, passed = time.process_time() - started, time.monotonic() - began
    return {
        "cpu_seconds": spent,
        "seconds": passed,
        "throttled": throttled,
        "quota": limit.get("quota"),
    }


def fill(mebibytes: float) -> dict[str, Any]:
    """Take memory in steps and write to it, until `mebibytes` are taken."""
    taken: list[bytearray] = []
    while len(taken) * STEP < mebibytes:
        taken.append(bytearray(os.urandom(1) * (STEP << 20)))
        print(f"{len(taken) * STEP} MiB taken", flush=True)  # noqa: T201 for the log
    return {"taken": len(taken) * STEP}


def main(action: str, *arguments: str) -> None:
    """Do it, show it, and write it to the file that is named last."""
    *values, file = arguments
    actions: dict[str, Any] = {"look": look, "burn": burn, "fill": fill}
    text = json.dumps(actions[action](*map(float, values)))
    print(text)  # noqa: T201 for the log
    os.makedirs(os.path.dirname(file), exist_ok=True)
    with open(file, "w") as output:
        output.write(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
