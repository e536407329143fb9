"""Recorded /proc/self/cgroup and /proc/self/mountinfo of machines of many kinds."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_kubeflow.local.kubelet.cgroups.hierarchies import hierarchies

V1_SERVICE = "/system.slice/ssh.service"


@dataclass(frozen=True)
class Machine:
    """What a machine's files say, and where its limits can be set: {controller: directory}."""

    cgroup: str
    mountinfo: str
    expected: dict[str, str | None]
    readonly: bool = False


MACHINES = {
    "v2 of systemd, login session": Machine(
        "0::/user.slice/user-1000.slice/session-3.scope\n",
        "36 25 0:31 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 "
        "rw,nsdelegate,memory_recursiveprot\n",
        {"v2": "/sys/fs/cgroup/user.slice/user-1000.slice/session-3.scope"},
    ),
    "v2 in docker with a namespace of its own": Machine(
        "0::/\n",
        "612 611 0:31 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw\n",
        {"v2": "/sys/fs/cgroup"},
        readonly=True,
    ),
    "v2 in docker, the host's file system bound in": Machine(
        "0::/\n",
        "612 611 0:31 /../../.. /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n",
        {"v2": None},
    ),
    "v1 of systemd, controllers mounted together": Machine(
        f"12:cpu,cpuacct:{V1_SERVICE}\n5:memory:{V1_SERVICE}\n1:name=systemd:{V1_SERVICE}\n",
        "30 25 0:26 / /sys/fs/cgroup ro,nosuid shared:8 - tmpfs tmpfs ro,mode=755\n"
        "31 30 0:27 / /sys/fs/cgroup/systemd rw,nosuid shared:9 - cgroup cgroup "
        "rw,xattr,release_agent=/lib/systemd/systemd-cgroups-agent,name=systemd\n"
        "34 30 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:12 - cgroup cgroup "
        "rw,cpu,cpuacct\n"
        "35 30 0:31 / /sys/fs/cgroup/memory rw,nosuid shared:13 - cgroup cgroup rw,memory\n",
        {
            "cpu": f"/sys/fs/cgroup/cpu,cpuacct{V1_SERVICE}",
            "memory": f"/sys/fs/cgroup/memory{V1_SERVICE}",
            "name=systemd": f"/sys/fs/cgroup/systemd{V1_SERVICE}",
        },
    ),
    "v1 in docker: the container's cgroup is the mount's root": Machine(
        "4:memory:/docker/0af3\n3:cpu,cpuacct:/docker/0af3\n",
        "713 709 0:30 /docker/0af3 /sys/fs/cgroup/cpu,cpuacct ro,nosuid master:12 - cgroup cgroup "
        "rw,cpu,cpuacct\n"
        "714 709 0:31 /docker/0af3 /sys/fs/cgroup/memory ro,nosuid master:13 - cgroup cgroup "
        "rw,memory\n",
        {"cpu": "/sys/fs/cgroup/cpu,cpuacct", "memory": "/sys/fs/cgroup/memory"},
        readonly=True,
    ),
    "hybrid: v1 controllers beside an empty v2": Machine(
        "9:name=systemd:/\n4:memory:/jobs/2af40e\n1:cpu:/\n0::/\n",
        "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
        "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
        "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
        "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n",
        {
            "cpu": "/sys/fs/cgroup/cpu",
            "memory": "/sys/fs/cgroup/memory/jobs/2af40e",
            "v2": "/sys/fs/cgroup/unified",
        },
    ),
    "v1 as bound into a container that is elsewhere": Machine(
        "4:memory:/kubepods/pod1\n",
        "35 31 0:32 /other /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
        {"memory": None},
    ),
    "a mount point with a space": Machine(
        "0::/a b\n",
        "36 25 0:31 / /mnt/c\\040group rw - cgroup2 cgroup2 rw\n",
        {"v2": "/mnt/c group/a b"},
    ),
    "twice mounted: the writable one with our cgroup is taken": Machine(
        "0::/lxc/a\n",
        "30 25 0:31 / /ro ro - cgroup2 cgroup2 rw\n"
        "31 25 0:31 / /rw rw - cgroup2 cgroup2 rw\n"
        "32 25 0:31 /lxc/b /elsewhere rw - cgroup2 cgroup2 rw\n",
        {"v2": "/rw/lxc/a"},
    ),
    "nothing mounted": Machine("0::/\n", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n", {}),
    "a kernel without cgroups": Machine("", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n", {}),
}


@pytest.mark.parametrize("name", MACHINES)
def test_hierarchies(name: str) -> None:
    machine = MACHINES[name]
    found = hierarchies(machine.cgroup, machine.mountinfo)
    directories = {
        controller: one.own and str(one.own)
        for one in found
        for controller in ([*one.controllers - {"cpuacct"}] if one.version == 1 else ["v2"])
    }
    assert directories == machine.expected
    assert all(one.readonly is machine.readonly for one in found)


def test_this_machine() -> None:
    process = Path("/proc/self")
    found = hierarchies((process / "cgroup").read_text(), (process / "mountinfo").read_text())
    for one in found:
        if one.own is not None:
            assert (one.own / "cgroup.procs").exists(), one
