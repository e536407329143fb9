"""What helper pods run: seed a volume, look at it, print parts of a file. Standard library only.

This file's text is handed to `python3 -c` in a pod, so it imports nothing of this package and runs
on Python 3.7 and later. Its one argument is a JSON object; what it prints is read by
`log.py`: one JSON line a record, base64 lines between.
"""

import base64
import gzip
import hashlib
import json
import os
import shutil
import sys
import tarfile
from typing import Any, BinaryIO, Iterator  # noqa: UP035 Python 3.7

LINE = 3000  # bytes a line; 4000 characters of base64
SPOOL = ".kf-seed-"


def main() -> None:
    """Do what the argument asks for; the last line says that it is done, or what went wrong."""
    request = json.loads(sys.argv[1])
    actions = {"seed": seed, "look": look, "part": part}
    try:
        actions[request["action"]](request)
    except OSError as error:
        say({"error": f"{type(error).__name__}: {error}"})
        sys.exit(1)
    say({"end": request["token"]})


def say(record: "dict[str, Any]") -> None:
    """Print one record; names that are not Unicode survive as escaped surrogates."""
    print(json.dumps(record), flush=True)  # noqa: T201 the log is the way back


def seed(request: "dict[str, Any]") -> None:
    """Unpack the archive that lies in parts in `source` into `root`; tell each file's digest.

    Where not all parts can lie there at once, several calls gather them in a file on the volume,
    each from byte `offset` on; the `last` one unpacks it. Each of them can be done again: where
    what was gathered is gone, as after the last one, it says so, to be called from the first on.
    """
    spool = os.path.join(request["root"], SPOOL + request["spool"])
    for left in os.listdir(request["root"]):
        path = os.path.join(request["root"], left)
        if left.startswith(SPOOL) and path != spool:  # of a pod that was evicted
            os.unlink(path)
    if request["offset"] and not os.path.exists(spool):
        say({"lost": True})
        return
    gathered = False
    try:
        with open(spool, "r+b" if request["offset"] else "wb") as file:
            file.seek(request["offset"])
            for name in sorted(name for name in os.listdir(request["source"]) if name.isdigit()):
                with open(os.path.join(request["source"], name), "rb") as source:
                    file.write(source.read())
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
        if not request["last"]:
            gathered = True
            return
        with open(spool, "rb") as file:
            digest = digest_of(file)
        say({"archive": digest})
        if digest != request["sha256"]:
            raise OSError("the archive did not arrive whole")
        os.umask(0)  # tasks may run as any user
        opener = gzip.open if request["gzip"] else open
        with opener(spool, "rb") as raw, tarfile.open(fileobj=raw, mode="r|") as archive:
            for member in archive:
                target = inside(request["root"], member.name)
                os.makedirs(os.path.dirname(target), exist_ok=True)
                source_file = archive.extractfile(member)
                if source_file is not None:
                    with open(target, "wb") as file:
                        shutil.copyfileobj(source_file, file)
                        file.flush()
                        os.fsync(file.fileno())
                    say(describe(request["root"], target))
    finally:
        if not gathered and os.path.exists(spool):
            os.unlink(spool)


def look(request: "dict[str, Any]") -> None:
    """Tell every file below `root`, or with `paths` these files, small ones with content."""
    root = request["root"]
    budget = request["budget"]
    wanted = request["paths"]
    found = sorted(files(root)) if wanted is None else [inside(root, path) for path in wanted]
    for path in found:
        if not os.path.isfile(path):
            say({"path": relative(root, path), "missing": True})
            continue
        if wanted is None:
            say({"path": relative(root, path), "size": os.path.getsize(path)})
            continue
        record = describe(root, path)
        record["content"] = record["size"] <= budget
        say(record)
        if record["content"]:
            budget -= record["size"]
            with open(path, "rb") as file:
                send(file, record["size"])


def part(request: "dict[str, Any]") -> None:
    """Print `size` bytes of the file `path` from `offset` on."""
    with open(inside(request["root"], request["path"]), "rb") as file:
        file.seek(request["offset"])
        say({"path": request["path"], "offset": request["offset"], "size": request["size"]})
        send(file, request["size"])


def send(file: BinaryIO, size: int) -> None:
    """Print `size` bytes as base64 lines, and after them how many there were and their digest."""
    digest = hashlib.sha256()
    sent = 0
    while sent < size:
        data = file.read(min(LINE, size - sent))
        if not data:
            break
        digest.update(data)
        sent += len(data)
        print(base64.b64encode(data).decode())  # noqa: T201 the log is the way back
    say({"sent": sent, "sha256": digest.hexdigest()})


def files(root: str) -> "Iterator[str]":
    """Every regular file below `root`; what file systems make for themselves is left out."""
    for folder, folders, names in os.walk(root, onerror=fail):
        folders[:] = [each for each in folders if not (each == "lost+found" and folder == root)]
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                yield path


def fail(error: OSError) -> None:
    """A folder that cannot be read must not look like an empty one."""
    raise error


def inside(root: str, path: str) -> str:
    """`path` below `root`; OSError for one that leads out of it."""
    full = os.path.normpath(os.path.join(root, path))
    if full == root or not full.startswith(root.rstrip("/") + "/"):
        raise OSError(f"the path {path!r} is not inside the volume")
    return full


def relative(root: str, path: str) -> str:
    """`path` as seen from `root`."""
    return os.path.relpath(path, root)


def describe(root: str, path: str) -> "dict[str, Any]":
    """A file's path, size and digest."""
    with open(path, "rb") as file:
        digest = digest_of(file)
        return {"path": relative(root, path), "size": file.tell(), "sha256": digest}


def digest_of(file: BinaryIO) -> str:
    """The SHA-256 of what is left of a file."""
    digest = hashlib.sha256()
    for block in iter(lambda: file.read(1 << 20), b""):
        digest.update(block)
    return digest.hexdigest()


if __name__ == "__main__":
    main()
