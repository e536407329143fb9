"""Whether a directory is on another machine, where locks are what that machine makes of them."""

from __future__ import annotations

from pathlib import Path

_REMOTE = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "9p",
        "afs",
        "ceph",
        "glusterfs",
        "lustre",
        "fuse.sshfs",
    }
)
_MOUNTS = Path("/proc/self/mountinfo")


def remote_filesystem(path: Path, mounts: Path = _MOUNTS) -> str:
    """The kind of file system that `path` is on if another machine has it, such as "nfs4"; or "".

    Where the system does not tell (it is no Linux), the answer is "".
    """
    try:
        lines = mounts.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    there = path.resolve()
    best, kind = -1, ""
    for line in lines:
        # "36 35 98:0 /root /mount/point rw,noatime master:1 - ext3 /dev/root rw": man 5 proc
        left, _, right = line.partition(" - ")
        fields = left.split(" ")
        if len(fields) < 5 or not right:
            continue
        point = Path(fields[4].encode().decode("unicode_escape"))  # a space is \040
        if there.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), right.split(" ")[0]
    return kind if kind in _REMOTE else ""
