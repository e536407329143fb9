"""Which system calls pods may make: the kernel's filter for them, as libseccomp writes it.

What is refused is what container runtimes refuse by default to who has no capabilities
(containerd's contrib/seccomp): whatever reaches the kernel, its keys or other namespaces, and
interfaces whose mistakes let processes out of containers. Debuggers work (ptrace), as there: pods
have PID namespaces of their own.

libseccomp's functions are called by ctypes. Its bindings for Python come by distributions alone,
for their own Python; the one on PyPI, pyseccomp, had its last release in 2021.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass

CONDITION = "SystemCallsFiltered"

_LIBRARY = "libseccomp.so.2"
_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000
_EQUAL, _MASKED_EQUAL = 4, 7
_UNKNOWN = -1
_AF_VSOCK = 40

REFUSED = (
    # Mounts and roots.
    *("mount", "mount_setattr", "move_mount", "open_tree", "pivot_root", "umount", "umount2"),
    *("fsconfig", "fsmount", "fsopen", "fspick", "quotactl", "quotactl_fd", "swapoff", "swapon"),
    # Namespaces of others, and new ones.
    *("setns", "unshare"),
    # The kernel itself.
    *("bpf", "create_module", "delete_module", "finit_module", "init_module", "kexec_file_load"),
    *("kexec_load", "perf_event_open", "reboot", "syslog", "sysfs", "_sysctl", "uselib", "ustat"),
    *("io_uring_enter", "io_uring_register", "io_uring_setup", "userfaultfd", "fanotify_init"),
    *("get_kernel_syms", "query_module", "nfsservctl", "lookup_dcookie", "kcmp", "acct"),
    # Its keys, which namespaces do not separate.
    *("add_key", "keyctl", "request_key"),
    # Files by a number, past the directories above them.
    "open_by_handle_at",
    # Clocks, ports and names of the machine.
    *("clock_settime", "clock_settime64", "settimeofday", "stime", "ioperm", "iopl"),
    *("sethostname", "setdomainname", "vhangup", "vm86", "vm86old"),
    # Memory of the machine's nodes.
    *("get_mempolicy", "mbind", "migrate_pages", "move_pages", "set_mempolicy"),
)
_NEW_NAMESPACES = (
    *(0x00020000, 0x02000000, 0x04000000, 0x08000000),  # mounts, cgroup, UTS, IPC
    *(0x10000000, 0x20000000, 0x40000000),  # user, PID, network
)
"""Flags of clone(2)."""

_ALSO = {"x86_64": (b"x86", b"x32"), "aarch64": (b"arm",)}
"""Programs for these run on such machines as well."""


@dataclass(frozen=True, slots=True)
class SystemCallFilter:
    """A program of the kernel's BPF; empty, and with the reason, where there can be none."""

    program: bytes
    missing: str = ""

    @property
    def condition(self) -> tuple[str, str, str]:
        """Status, reason and message, for the node."""
        if self.missing:
            return "False", "NotFiltered", f"pods may make any system call: {self.missing}"
        return "True", "RuntimeDefault", "pods are refused the system calls that lead out of them"


class _Comparison(ctypes.Structure):
    _fields_ = [
        ("argument", ctypes.c_uint),
        ("operation", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    ]


def system_call_filter() -> SystemCallFilter:
    """The filter for this machine's pods."""
    try:
        library = ctypes.CDLL(_LIBRARY)
    except OSError as error:
        return SystemCallFilter(b"", f"libseccomp is not installed ({error})")
    if library.seccomp_api_get() < 1:
        return SystemCallFilter(b"", "the kernel filters no system calls (CONFIG_SECCOMP_FILTER)")
    return SystemCallFilter(_Rules(library).program())


class _Rules:
    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        library.seccomp_init.restype = ctypes.c_void_p
        library.seccomp_init.argtypes = [ctypes.c_uint32]
        library.seccomp_release.argtypes = [ctypes.c_void_p]
        library.seccomp_arch_add.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
        library.seccomp_arch_resolve_name.restype = ctypes.c_uint32
        library.seccomp_export_bpf.argtypes = [ctypes.c_void_p, ctypes.c_int]
        library.seccomp_rule_add_array.argtypes = [
            *(ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint),
            ctypes.POINTER(_Comparison),
        ]

    def program(self) -> bytes:
        """What the kernel takes."""
        rules = self._library.seccomp_init(_ALLOW)
        try:
            for architecture in _ALSO.get(platform.machine(), ()):
                number = self._library.seccomp_arch_resolve_name(architecture)
                self._checked(self._library.seccomp_arch_add, rules, number)
            for name in REFUSED:
                self._refuse(rules, name)
            flags = 1 if platform.machine() == "s390x" else 0  # clone(2): the order of arguments
            for flag in _NEW_NAMESPACES:
                self._refuse(rules, "clone", _Comparison(flags, _MASKED_EQUAL, flag, flag))
            # Its flags are in memory, where a filter cannot look: callers take clone instead.
            self._refuse(rules, "clone3", number=errno.ENOSYS)
            self._refuse(rules, "socket", _Comparison(0, _EQUAL, _AF_VSOCK, 0))
            return self._exported(rules)
        finally:
            self._library.seccomp_release(rules)

    def _refuse(
        self, rules: int, name: str, *where: _Comparison, number: int = errno.EPERM
    ) -> None:
        call = self._library.seccomp_syscall_resolve_name(name.encode())
        if call == _UNKNOWN:  # younger than the library
            return
        compared = (_Comparison * len(where))(*where)
        add = self._library.seccomp_rule_add_array
        self._checked(add, rules, _ERRNO | number, call, len(where), compared)

    def _exported(self, rules: int) -> bytes:
        file = os.memfd_create("filter", os.MFD_CLOEXEC)
        with os.fdopen(file, "rb") as stream:
            self._checked(self._library.seccomp_export_bpf, rules, file)
            stream.seek(0)
            return stream.read()

    def _checked(self, function: Callable[..., int], *arguments: object) -> None:
        """Functions of libseccomp return errors as negative numbers."""
        if (result := function(*arguments)) < 0:
            raise OSError(-result, f"libseccomp: {os.strerror(-result)}")
