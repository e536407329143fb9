"""What a pod's program tries, to get at others: run in a pod, prints what it got at.

`python -c THIS DROW STATE`: another pod has the word in its environment, on its volumes and in
its Secret; it is written backwards here, so that it is not found in ourselves. STATE is the
directory in which the cluster keeps what it has. Outside of a container, where all this succeeds,
it does nothing.
"""

import ctypes
import os
import pathlib
import socket
import sys
from collections.abc import Callable, Iterator

_LIBC = ctypes.CDLL(None, use_errno=True)
_MS_BIND = 4096
_PTRACE_SEIZE = 0x4206
"""Unlike PTRACE_ATTACH it stops nothing."""
_WORD = sys.argv[1][::-1].encode()


def _hold(pattern: str) -> Iterator[str]:
    """The files of `pattern` below /, in which the word is."""
    for path in pathlib.Path("/").glob(pattern):
        try:
            if path.is_file() and _WORD in path.read_bytes()[:65536]:
                yield str(path)
        except OSError:
            continue


def environments() -> list[str]:
    """Of other processes."""
    return list(_hold("proc/[0-9]*/environ")) + list(_hold("proc/[0-9]*/cmdline"))


def roots() -> list[str]:
    """What other processes have for their /, and the directories of the cluster."""
    found = []
    for root in pathlib.Path("/proc").glob("[0-9]*/root"):
        try:
            if not os.path.samefile(root, "/"):
                found.append(str(root))
        except OSError:
            continue
    return found


def state() -> list[str]:
    """The directory of the cluster, by its path."""
    return [sys.argv[2]] if os.path.exists(sys.argv[2]) else []


def signals() -> list[str]:
    """Processes that are not ours and take a signal."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) not in {os.getpid(), os.getppid(), 1}:
            try:
                os.kill(int(entry.name), 0)
            except OSError:
                continue
            found.append(entry.name)
    return found


def traces() -> list[str]:
    """Processes that can be traced: the one that starts containers, and others."""
    others = [int(one.name) for one in pathlib.Path("/proc").iterdir() if one.name.isdigit()]
    return [
        str(one)
        for one in others
        if one != os.getpid() and _LIBC.ptrace(_PTRACE_SEIZE, one, None, None) == 0
    ]


def mounts() -> list[str]:
    """Other file systems, mounted by ourselves."""
    kinds = [b"tmpfs", b"proc", b"sysfs", b"overlay"]
    found = [kind.decode() for kind in kinds if _LIBC.mount(b"x", b"/tmp", kind, 0, None) == 0]
    return found + (["bind"] if _LIBC.mount(b"/", b"/tmp", None, _MS_BIND, None) == 0 else [])


def devices() -> list[str]:
    """Memory and disks of the machine."""
    found = []
    for name, numbers in {"mem": (1, 1), "kmem": (1, 2), "vda": (253, 0), "sda": (8, 0)}.items():
        try:
            os.mknod(name, 0o020600 if "mem" in name else 0o060600, os.makedev(*numbers))
            with open(name, "rb") as device:
                device.read(1)
        except OSError:
            continue
        found.append(name)
    return found


def sockets() -> list[str]:
    """Sockets without a name in the file system, which belong to a network: of the machine."""
    found = []
    for line in pathlib.Path("/proc/net/unix").read_text().splitlines()[1:]:
        name = line.split()[-1]
        if not name.startswith("@"):
            continue
        with socket.socket(socket.AF_UNIX) as one:
            try:
                one.connect("\0" + name[1:])
            except OSError:
                continue
            found.append(name)
    return found


def kernel() -> list[str]:
    """Settings of the machine that can be written."""
    paths = [
        "/proc/sysrq-trigger",
        "/proc/sys/kernel/core_pattern",
        "/proc/sys/kernel/hostname",
        "/sys/kernel/uevent_helper",
        "/proc/sys/vm/drop_caches",
    ]
    return [
        path for path in paths if os.path.exists(path) and os.access(path, os.W_OK) and _opens(path)
    ]


def _opens(path: str) -> bool:
    try:
        os.close(os.open(path, os.O_WRONLY))
    except OSError:
        return False
    return True


def volumes() -> list[str]:
    """Files of other pods, wherever they are seen."""
    return [
        *_hold("var/lib/*/*"),
        *_hold("run/*/*"),
        *_hold("tmp/*/*/*"),
        *_hold("mnt/*"),
        *_hold("proc/[0-9]*/root/given/*"),
        *_hold("given/*"),
    ]


def privileges() -> list[str]:
    """More than what was given: by a file that has the bit, or in namespaces of its own."""
    status = pathlib.Path("/proc/self/status").read_text()
    return [] if "NoNewPrivs:\t1" in status else ["setuid programs give privileges"]


def main() -> None:
    """Try all, and print what succeeded."""
    if os.getpid() != 1:
        sys.exit("this is to be run in a container, as its first process")
    tries: list[Callable[[], list[str]]] = [
        *(environments, roots, state, signals, traces, mounts, devices, sockets, kernel),
        *(volumes, privileges),
    ]
    for one in tries:
        if found := one():
            sys.stdout.write(f"{one.__name__}: {found}\n")
    sys.stdout.write("done\n")


main()
