"""What a task tells of its limits, over the cgroups of many kinds of machines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from suites.resources import inside

KUBEPODS = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-a.scope"


def machine(root: Path, mountinfo: str, cgroup: str, files: dict[str, str]) -> str:
    """A file system below `root` with these cgroups in it."""
    everything = {"/proc/self/mountinfo": mountinfo, "/proc/self/cgroup": cgroup, **files}
    for path, content in everything.items():
        file = root / path.removeprefix("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return str(root)


def mount(part: str, directory: str, kind: str = "cgroup2", options: str = "rw") -> str:
    return f"40 30 0:41 {part} {directory} ro,nosuid shared:9 - {kind} {kind} {options}\n"


def test_version_2_behind_a_namespace(tmp_path: Path) -> None:
    """containerd on a current node: the container sees its own cgroup as the root."""
    root = machine(
        tmp_path,
        mount("/", "/sys/fs/cgroup"),
        "0::/\n",
        {
            "/sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids\n",
            "/sys/fs/cgroup/cpu.max": "50000 100000\n",
            "/sys/fs/cgroup/cpu.stat": "usage_usec 7\nnr_periods 9\nnr_throttled 4\n",
            "/sys/fs/cgroup/memory.max": "268435456\n",
        },
    )
    assert inside.cpu(root) == {
        "version": 2,
        "directory": "/sys/fs/cgroup",
        "quota": 50000,
        "period": 100000,
        "throttled": 4,
    }
    assert inside.memory(root)["limit"] == 268435456


@pytest.mark.parametrize(
    ("mounted", "directory"),
    [("/", f"/sys/fs/cgroup{KUBEPODS}"), (KUBEPODS, "/sys/fs/cgroup")],
    ids=["the host's whole tree", "a part of it, bound"],
)
def test_version_2_in_the_host_s_namespace(tmp_path: Path, mounted: str, directory: str) -> None:
    root = machine(
        tmp_path,
        mount(mounted, "/sys/fs/cgroup"),
        f"0::{KUBEPODS}\n",
        {
            f"{directory}/cgroup.controllers": "cpu memory\n",
            f"{directory}/cpu.max": "max 100000\n",
            f"{directory}/cpu.stat": "usage_usec 7\n",
            f"{directory}/memory.max": "max\n",
        },
    )
    assert inside.cpu(root)["directory"] == directory
    assert inside.cpu(root)["quota"] is None
    assert inside.memory(root)["limit"] is None


def test_version_2_seen_from_beside_its_namespace(tmp_path: Path) -> None:
    """A path that leads out of what is mounted: the container's own cgroup is what is mounted."""
    root = machine(
        tmp_path,
        mount("/", "/sys/fs/cgroup"),
        "0::/../other.scope\n",
        {
            "/sys/fs/cgroup/cgroup.controllers": "cpu memory\n",
            "/sys/fs/cgroup/memory.max": "4096\n",
        },
    )
    assert inside.memory(root) == {"version": 2, "directory": "/sys/fs/cgroup", "limit": 4096}


def test_version_1_as_docker_mounts_it(tmp_path: Path) -> None:
    part = "/docker/4d1a"
    root = machine(
        tmp_path,
        mount(part, "/sys/fs/cgroup/memory", "cgroup", "rw,memory")
        + mount(part, "/sys/fs/cgroup/cpu,cpuacct", "cgroup", "rw,cpu,cpuacct"),
        f"9:memory:{part}\n4:cpu,cpuacct:{part}\n1:name=systemd:{part}\n",
        {
            "/sys/fs/cgroup/memory/memory.limit_in_bytes": "314572800\n",
            "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "25000\n",
            "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            "/sys/fs/cgroup/cpu,cpuacct/cpu.stat": "nr_periods 3\nnr_throttled 2\n",
        },
    )
    assert inside.cpu(root) == {
        "version": 1,
        "directory": "/sys/fs/cgroup/cpu,cpuacct",
        "quota": 25000,
        "period": 100000,
        "throttled": 2,
    }
    assert inside.memory(root)["limit"] == 314572800


def test_version_1_without_limits(tmp_path: Path) -> None:
    root = machine(
        tmp_path,
        mount("/", "/sys/fs/cgroup/memory", "cgroup", "rw,memory")
        + mount("/", "/sys/fs/cgroup/cpu", "cgroup", "rw,cpu"),
        "4:memory:/a/b\n1:cpu:/\n",
        {
            "/sys/fs/cgroup/memory/a/b/memory.limit_in_bytes": "9223372036854771712\n",
            "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
            "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            "/sys/fs/cgroup/cpu/cpu.stat": "",
        },
    )
    assert inside.memory(root) == {
        "version": 1,
        "directory": "/sys/fs/cgroup/memory/a/b",
        "limit": None,
    }
    assert inside.cpu(root)["quota"] is None


def test_hybrid_takes_each_controller_from_where_it_is(tmp_path: Path) -> None:
    root = machine(
        tmp_path,
        mount("/", "/sys/fs/cgroup/unified") + mount("/", "/sys/fs/cgroup/cpu", "cgroup", "rw,cpu"),
        "1:cpu:/x\n0::/y\n",
        {
            "/sys/fs/cgroup/cpu/x/cpu.cfs_quota_us": "1000\n",
            "/sys/fs/cgroup/cpu/x/cpu.cfs_period_us": "100000\n",
            "/sys/fs/cgroup/cpu/x/cpu.stat": "nr_throttled 0\n",
            "/sys/fs/cgroup/unified/y/cgroup.controllers": "memory\n",
            "/sys/fs/cgroup/unified/y/memory.max": "8192\n",
        },
    )
    assert inside.cpu(root)["version"] == 1
    assert inside.memory(root) == {
        "version": 2,
        "directory": "/sys/fs/cgroup/unified/y",
        "limit": 8192,
    }


@pytest.mark.parametrize(
    ("mountinfo", "problem"),
    [
        ("25 1 8:1 / / rw - ext4 /dev/sda1 rw\n", "no cgroup file system is mounted"),
        (mount("/", "/sys/fs/cgroup"), "no cgroup file system with the controller 'cpu'"),
        (mount("/", "/c", "cgroup", "rw,cpu"), "cpu.cfs_quota_us"),
    ],
    ids=["not mounted", "no controllers", "no file"],
)
def test_what_is_missing_is_told(tmp_path: Path, mountinfo: str, problem: str) -> None:
    files = {"/sys/fs/cgroup/cgroup.controllers": "\n"}
    root = machine(tmp_path, mountinfo, "0::/\n1:cpu:/\n", files)
    found = inside.look(root)
    assert problem in found["problem"]
    assert found["affinity"] >= 1


def test_it_writes_what_it_shows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On this machine, whatever its cgroups are."""
    inside.main("look", str(tmp_path / "out" / "facts"))
    shown = capsys.readouterr().out
    assert json.loads(shown) == json.loads((tmp_path / "out/facts").read_text())
    inside.main("fill", "20", str(tmp_path / "taken"))
    assert json.loads((tmp_path / "taken").read_text()) == {"taken": 32}
    inside.main("burn", "0.05", str(tmp_path / "burnt"))
    assert 0 < json.loads((tmp_path / "burnt").read_text())["cpu_seconds"] < 5
