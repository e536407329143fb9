"""The Linux system calls that the standard library of Python 3.11 does not offer, by ctypes.

Sources: clone(2), mount(2), mount_setattr(2), pivot_root(2), capabilities(7), prctl(2),
netdevice(7).
Every function raises OSError with the call's name and its operands.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import platform
import socket
import struct
from collections.abc import Iterable, Iterator

CLONE_PARENT = 0x00008000
CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
_CLONE_INTO_CGROUP = 0x200000000

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_REMOUNT = 0x20
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MNT_DETACH = 2

_SYS_CLONE3 = 435
_SYS_MOUNT_SETATTR = 442
_SYS_PIVOT_ROOT = {"x86_64": 155, "s390x": 217, "ppc64le": 203}.get(platform.machine(), 41)
_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000
_MOUNT_ATTR_RDONLY = 0x1
_PR_SET_PDEATHSIG = 1
_PR_SET_SECCOMP = 22
_PR_CAPBSET_DROP = 24
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE, _PR_CAP_AMBIENT_CLEAR_ALL = 2, 4
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2
_FILTER_INSTRUCTION = 8
_CAPABILITY_VERSION_3 = 0x20080522
_SIGCHLD = 17
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 0x1

# capabilities(7), in the order of <linux/capability.h>.
CAPABILITIES = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
]

_libc = ctypes.CDLL(None, use_errno=True)


class _CloneArgs(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_uint64)
        for name in (
            "flags",
            "pidfd",
            "child_tid",
            "parent_tid",
            "exit_signal",
            "stack",
            "stack_size",
            "tls",
            "set_tid",
            "set_tid_size",
            "cgroup",
        )
    ]


class _MountAttr(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_uint64) for name in ("attr_set", "attr_clr", "propagation", "userns_fd")
    ]


class _Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


class _CapHeader(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _CapData(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable")]


def _check(result: int, call: str) -> int:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")
    return result


def clone(flags: int = 0, *, cgroup: int | None = None) -> int:
    """Fork into new namespaces: 0 in the child, the child's pid in the parent.

    Only for single-threaded processes: Python's own after-fork work is left out. With
    CLONE_PARENT the new process becomes a sibling. `cgroup` is an open directory of cgroup v2 in
    which it begins (Linux 5.7).
    """
    signal = 0 if flags & CLONE_PARENT else _SIGCHLD
    args = _CloneArgs(flags=flags, exit_signal=signal)
    if cgroup is not None:
        args.flags |= _CLONE_INTO_CGROUP
        args.cgroup = cgroup
    number: int = _libc.syscall(_SYS_CLONE3, ctypes.byref(args), ctypes.sizeof(args))
    return _check(number, "clone")


def unshare(flags: int) -> None:
    """Move this process into new namespaces (PID: its next child)."""
    _check(_libc.unshare(flags), "unshare")


def enter_namespace(fd: int) -> None:
    """Move into the namespace that `fd` (an open /proc/PID/ns/NAME) stands for."""
    _check(_libc.setns(fd, 0), "setns")


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """Mount `source`: `kind` is the file system type, `data` its options, `flags` of MS_*."""
    result = _libc.mount(
        os.fsencode(source),
        os.fsencode(target),
        kind.encode() or None,
        ctypes.c_ulong(flags),
        data.encode() or None,
    )
    _check(result, f"mount {kind or source} on {target}")


def make_readonly(target: str, *, recursive: bool = True) -> None:
    """Make the mount at `target`, and with `recursive` all mounts below it, read-only."""
    attr = _MountAttr(attr_set=_MOUNT_ATTR_RDONLY)
    result = _libc.syscall(
        _SYS_MOUNT_SETATTR,
        _AT_FDCWD,
        os.fsencode(target),
        _AT_RECURSIVE if recursive else 0,
        ctypes.byref(attr),
        ctypes.sizeof(attr),
    )
    if result == -1 and ctypes.get_errno() == 38:  # ENOSYS: Linux before 5.12
        # A user namespace may not clear the flags that the mount already has.
        kept = os.statvfs(target).f_flag & (MS_NOSUID | MS_NODEV | MS_NOEXEC)
        mount("", target, flags=MS_REMOUNT | MS_BIND | MS_RDONLY | kept)
        return
    _check(result, f"mount_setattr {target}")


def detach(target: str) -> None:
    """Take the mounts at and below `target` out of sight; they end with their last user."""
    _check(_libc.umount2(os.fsencode(target), MNT_DETACH), f"umount {target}")


def pivot_root(new_root: str, put_old: str) -> None:
    """Make the mount `new_root` the root; the old one appears at `put_old`, below it."""
    result = _libc.syscall(_SYS_PIVOT_ROOT, os.fsencode(new_root), os.fsencode(put_old))
    _check(result, f"pivot_root {new_root}")


def set_hostname(name: str) -> None:
    """Name the host of this UTS namespace."""
    encoded = name.encode()
    _check(_libc.sethostname(encoded, len(encoded)), "sethostname")


def bring_up_loopback() -> None:
    """Let processes of this network namespace reach each other on 127.0.0.1."""
    request = struct.pack("16sH22x", b"lo", _IFF_UP)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        try:
            fcntl.ioctl(any_socket, _SIOCSIFFLAGS, request)
        except OSError as error:
            raise OSError(error.errno, f"bring up lo: {error.strerror}") from None


def die_with_parent(signal: int) -> None:
    """Be sent `signal` when the parent ends."""
    _check(_libc.prctl(_PR_SET_PDEATHSIG, signal, 0, 0, 0), "prctl PDEATHSIG")


def forbid_new_privileges() -> None:
    """Let no later exec gain anything, by setuid bits for example."""
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl NO_NEW_PRIVS")


def filter_system_calls(program: bytes) -> None:
    """Have `program`, of the kernel's BPF, judge each system call from now on: see seccomp(2)."""
    filter_ = _Filter(len(program) // _FILTER_INSTRUCTION, program)
    result = _libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(filter_), 0, 0)
    _check(result, "prctl SECCOMP")


def limit_capabilities(keep: Iterable[str]) -> None:
    """Drop every capability not in `keep` from the bounding set: a later exec cannot regain it."""
    kept = set(keep)
    for number, name in enumerate(CAPABILITIES):
        if name not in kept and _libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0) == -1:
            if ctypes.get_errno() == 22:  # EINVAL: this kernel knows no such capability
                break
            _check(-1, f"drop capability {name}")


def set_capabilities(keep: Iterable[str]) -> None:
    """Hold exactly `keep` as permitted and effective, and pass nothing on as inheritable."""
    _hold(sum(1 << CAPABILITIES.index(name) for name in keep), inheritable=0)


def _hold(held: int, *, inheritable: int) -> None:
    header = _CapHeader(version=_CAPABILITY_VERSION_3, pid=0)
    masks = held, held, inheritable
    halves = [[mask >> shift & 0xFFFFFFFF for mask in masks] for shift in (0, 32)]
    data = (_CapData * 2)(*(_CapData(*half) for half in halves))
    _check(_libc.capset(ctypes.byref(header), ctypes.byref(data)), "capset")


@contextlib.contextmanager
def pass_on_capabilities() -> Iterator[None]:
    """Let programs that are started meanwhile, by this thread, have all that it holds.

    Root's have them anyway; those of others would begin with none.
    """
    held = _effective()
    if os.getuid() == 0 or not held:
        yield
        return
    numbers = [one for one in range(len(CAPABILITIES)) if held >> one & 1]
    _hold(held, inheritable=held)
    try:
        for number in numbers:
            result = _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, number, 0, 0)
            _check(result, f"pass on capability {CAPABILITIES[number]}")
        yield
    finally:
        _check(_libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "prctl AMBIENT")
        _hold(held, inheritable=0)


def has_capability(name: str) -> bool:
    """Whether this thread holds the capability `name` effectively."""
    return bool(_effective() >> CAPABILITIES.index(name) & 1)


def _effective() -> int:
    with open("/proc/thread-self/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("CapEff:"):
                return int(line.split()[1], 16)
    return 0


def is_others_too() -> bool:
    """Whether this user namespace has other users than this one."""
    with open("/proc/self/uid_map", encoding="ascii") as file:
        return sum(int(line.split()[2]) for line in file) > 1


def map_identity(uid: int, gid: int, *, outer_uid: int, outer_gid: int) -> None:
    """In a new user namespace: be `uid:gid`, which is `outer_uid:outer_gid` outside."""
    for file, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {outer_uid} 1"),
        ("gid_map", f"{gid} {outer_gid} 1"),
    ):
        with open(f"/proc/self/{file}", "w", encoding="ascii") as handle:
            handle.write(text)
