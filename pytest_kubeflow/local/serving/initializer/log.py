"""Lines of the initializer's log, on standard output as the real one writes them."""

from __future__ import annotations

import sys
import time


def log(level: str, message: str) -> None:
    """Write one line: time, who, level, message."""
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    sys.stdout.write(f"{stamp} kserve_storage {level} {message}\n")
    sys.stdout.flush()
