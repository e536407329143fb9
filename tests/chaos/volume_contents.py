"""The log in which a helper pod tells what a volume holds: other contents, right digests."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable

from tests.chaos.mutation import Files


def rewritten(log: bytes, change: Callable[[Files], Files]) -> bytes:
    """The log of a pod on whose volume there is something else.

    As pytest_kubeflow/k8s/volumes/agent.py prints it.
    """
    files: Files = {}
    end = b""
    content: list[bytes] = []
    path = ""
    for line in log.splitlines():
        if not line.startswith(b"{"):
            content.append(base64.b64decode(line))
            continue
        record = json.loads(line)
        if "end" in record:
            end = line
        elif "sent" in record:
            files[path], content = b"".join(content), []
        elif "path" in record:
            path = record["path"]
            files[path] = None
    lines: list[bytes] = []
    for name, data in change(files).items():
        if data is None:
            lines.append(json.dumps({"path": name, "size": 1}).encode())
            continue
        digest = hashlib.sha256(data).hexdigest()
        found = {"path": name, "size": len(data), "sha256": digest, "content": True}
        lines += [json.dumps(found).encode(), base64.b64encode(data)]
        lines.append(json.dumps({"sent": len(data), "sha256": digest}).encode())
    return b"\n".join([*lines, end]) + b"\n"
