"""All suites on the embedded cluster, cold and warm, beside an empty pytest session.

`python -m benchmarks.suites`
"""

from __future__ import annotations

import subprocess
import sys
import time


def seconds(*arguments: str) -> float:
    """Wall time of one pytest command, which must pass."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return time.perf_counter() - began


def main() -> None:
    """Print both rounds and their ratios."""
    empty = seconds("--collect-only", "suites/objectstore")
    first = seconds("suites", "--kf-host=local")
    second = seconds("suites", "--kf-host=local")
    print(f"collection only   {empty:6.1f} s   {1:5.1f} x")
    print(f"suites, first     {first:6.1f} s   {first / empty:5.1f} x")
    print(f"suites, second    {second:6.1f} s   {second / empty:5.1f} x")


if __name__ == "__main__":
    main()
