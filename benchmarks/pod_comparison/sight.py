"""What a pod sees: a program for its container, which prints facts as JSON for the comparison."""

from __future__ import annotations

import json

from pytest_kubeflow.local.kube.client import Object

_PROGRAM = r"""
import json, os, socket, stat, sys, time
def entry(path):
    try:
        found = os.lstat(path)
    except OSError as error:
        return error.strerror
    kind = {stat.S_IFDIR: "d", stat.S_IFLNK: "l", stat.S_IFREG: "-"}.get(stat.S_IFMT(found.st_mode), "?")
    text = "%s%04o %d:%d" % (kind, stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid)
    try:
        if kind == "l":
            text += " -> " + os.readlink(path)
        if kind == "-":
            text += " " + ascii(open(path, errors="replace").read(200))
    except OSError as error:
        text += " " + error.strerror
    return text
def tree(path, depth=4):
    yield path, entry(path)
    if depth and os.path.isdir(path) and not os.path.islink(path) and os.access(path, os.R_OK | os.X_OK):
        for name in sorted(os.listdir(path)):
            yield from tree(path + "/" + name, depth - 1)
def writable(path):
    try:
        with open(path + "/probe", "w"):
            pass
        os.unlink(path + "/probe")
    except OSError as error:
        return error.strerror
    return "yes"
def options(path):
    for line in open("/proc/mounts"):
        words = line.split()
        if words[1] == path:
            return words[2] + " " + words[3].split(",")[0] if words[2] == "tmpfs" else words[3].split(",")[0]
    return "no mount"
ask = json.loads(sys.argv[1])
seen = {}
if ask.get("who"):
    seen["who"] = "%d:%d %s" % (os.getuid(), os.getgid(), sorted(set(os.getgroups()) - {0} if os.getuid() == 0 else os.getgroups()))
if ask.get("where"):
    seen["cwd"], seen["hostname"] = os.getcwd(), socket.gethostname()
for name in ask.get("env", ()):
    seen["$" + name] = os.environ.get(name, "(unset)")
if "names" in ask:
    seen["names"] = sorted(name for name in os.environ if not name.startswith(tuple(ask["names"])))
for path in ask.get("trees", ()):
    for place, text in tree(path):
        seen[place] = text
for path in ask.get("writable", ()):
    seen["write " + path] = writable(path)
for path in ask.get("mounts", ()):
    seen["mount " + path] = options(path)
for path in ask.get("lines", ()):
    seen["lines " + path] = [line.split("#")[0].split() for line in open(path) if line.split("#")[0].split()]
for name in ask.get("status", ()):
    seen[name] = [line.split()[1] for line in open("/proc/self/status") if line.startswith(name + ":")]
if "size" in ask:
    found = os.statvfs(ask["size"])
    seen["size " + ask["size"]] = found.f_blocks * found.f_frsize
print(json.dumps(seen))
"""


def look(**ask: object) -> Object:
    """A container's fields that make it look at itself: `trees`, `env`, `who`, and so on."""
    return {"command": ["python3", "-c", _PROGRAM, json.dumps(ask)]}
