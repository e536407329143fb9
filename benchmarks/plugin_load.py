"""What the installed plugin adds to `pytest --version` and `pytest --help`.

`python -m benchmarks.plugin_load [ROUNDS]`
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

WITHOUT = ["-p", "no:kubeflow"]


def seconds(arguments: list[str]) -> float:
    """Wall time of one pytest command."""
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "pytest", *arguments], check=True, capture_output=True, cwd="/"
    )
    return time.perf_counter() - began


def main() -> None:
    """Alternate with and without, so that both see the same machine."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    for command in ("--version", "--help"):
        bare, loaded = [], []
        for _ in range(rounds):
            bare.append(seconds([command, *WITHOUT]))
            loaded.append(seconds([command]))
        without, with_plugin = statistics.median(bare), statistics.median(loaded)
        added, ratio = (with_plugin - without) * 1000, with_plugin / without
        print(
            f"pytest {command:<9} without {without * 1000:6.1f} ms   "
            f"with {with_plugin * 1000:6.1f} ms   difference {added:+5.1f} ms   ratio {ratio:.2f}"
        )


if __name__ == "__main__":
    main()
