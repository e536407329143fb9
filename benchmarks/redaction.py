"""How fast secrets are taken out of texts, and that twice the text takes twice the time.

`python -m benchmarks.redaction [MEGABYTES]`
"""

from __future__ import annotations

import base64
import random
import sys
import time
from collections.abc import Callable

from pytest_kubeflow.redaction import Redactor

_KNOWN = 20
"""Secrets that a session has: of its user, its kubeconfig, its namespaces and their stores."""

KINDS: dict[str, Callable[[random.Random, int], str]] = {
    "log lines": lambda chance, size: _lines(
        size, lambda: f"2026-01-01T00:00:00Z INFO step {chance.random():.6f} of the run is done"
    ),
    "lines of base64": lambda chance, size: base64.encodebytes(
        chance.randbytes(size * 3 // 4)
    ).decode(),
    "one line of base64": lambda chance, size: base64.b64encode(
        chance.randbytes(size * 3 // 4)
    ).decode(),
    "cookie: ": lambda _, size: "cookie: " * (size // 8),
    "cookie: in lines": lambda _, size: "cookie: \n" * (size // 9),
    "cookie: a=b in lines": lambda _, size: "x cookie: a=b\n" * (size // 14),
    "BEGIN without END": lambda _, size: "-----BEGIN RSA PRIVATE KEY-----\n" * (size // 32),
    "END without BEGIN": lambda _, size: "-----END RSA PRIVATE KEY-----\n" * (size // 30),
    "eyJ-eyJ-": lambda _, size: "eyJ-" * (size // 4),
    ".eyJaaaaaaaa": lambda _, size: ".eyJaaaaaaaa" * (size // 12),
    "password:": lambda _, size: "password:" * (size // 9),
    "password=[": lambda _, size: "password=[" * (size // 10),
    "password='": lambda _, size: "password='" * (size // 10),
    "bearer ": lambda _, size: "bearer " * (size // 7),
    "a://b:c": lambda _, size: "a://b:c" * (size // 7),
    "a://b:@@@": lambda _, size: "a://b:" + "@" * size,
    "token=token": lambda _, size: "token=" * (size // 6),
    "rows of hex": lambda chance, size: chance.randbytes(size // 3).hex(" "),
    "rows of times": lambda _, size: "12:30:45 " * (size // 9),
    "base32": lambda chance, size: base64.b32encode(chance.randbytes(size * 5 // 8)).decode(),
    "escapes of a shell": lambda _, size: "\\x70" * (size // 4),
    "references of HTML": lambda _, size: "&#112; " * (size // 7),
    "literals in lines": lambda _, size: "E   - 'a'\nE   + b'b'\n" * (size // 22),
    "spaces": lambda _, size: "password" + " " * size,
}


def _lines(size: int, line: Callable[[], str]) -> str:
    made = [line() for _ in range(10_000)]
    text = "\n".join(made) + "\n"
    return (text * (size // len(text) + 1))[:size]


def seconds(redactor: Redactor, text: str) -> float:
    """Processor time of one call."""
    began = time.process_time()
    redactor.redact(text)
    return time.process_time() - began


def main() -> None:
    """Print a line for each kind of text."""
    megabytes = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    chance = random.Random(1)  # noqa: S311  no secret
    redactor = Redactor()
    for _ in range(_KNOWN):
        redactor.add(chance.randbytes(18).hex())
    for name, made in KINDS.items():
        size = int(megabytes * 1e6)
        whole = made(chance, size)
        once, half = seconds(redactor, whole), seconds(redactor, whole[: size // 2])
        print(
            f"{name:<22} {once:6.2f} s for {megabytes:g} MB  {megabytes / once:7.1f} MB/s  "
            f"{once / half:4.1f} x the time of half of it"
        )


if __name__ == "__main__":
    main()
