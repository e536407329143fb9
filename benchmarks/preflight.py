"""How long the preflight takes: on a cluster that is fit, and on each broken set-up.

`python -m benchmarks.preflight`
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from unittest import mock

from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.preflight.preflight import Preflight, preflight
from pytest_kubeflow.redaction import Redactor
from tests.cluster.remote import serving
from tests.config.sources import resolved
from tests.preflight.setup import entered, good, in_clear
from tests.preflight.setups import SETUPS

BOUND = 10.0


def timed(options: Mapping[str, str], environment: Mapping[str, str]) -> tuple[float, Preflight]:
    """Seconds, and what was found."""
    with mock.patch.dict(os.environ, environment):
        began = time.perf_counter()
        config = resolved(options, os.environ)
        result = preflight(config, ownership=Ownership("benchmark"), redactor=Redactor())
        seconds = time.perf_counter() - began
    if result.cluster is not None:
        result.cluster.close()
    return seconds, result


def main() -> None:
    """Each in the same process: what imports take is in the first line alone."""
    slowest = 0.0
    with serving() as remote:
        for name in ("fit, with imports", "fit"):
            seconds, result = timed(good(remote), in_clear(remote))
            print(f"{seconds:5.2f} s  {name:<48} {result.verdict}")
        for one in SETUPS:
            with (
                tempfile.TemporaryDirectory() as folder,
                entered(remote, Path(folder), one) as (options, environment),
            ):
                seconds, result = timed(options, environment)
            slowest = max(slowest, seconds)
            print(f"{seconds:5.2f} s  {one.name:<48} {result.verdict}")
    print(f"slowest of {len(SETUPS)}: {slowest:.2f} s, {slowest / BOUND:.2f} of the bound")


if __name__ == "__main__":
    main()
