"""What a session pays for the evidence of ten failures after its cluster has stopped answering.

`python -m benchmarks.evidence` lets gateway and Kubernetes API refuse connections in the middle of
a session, and then, in another one, take them and never answer; and the same with three workers of
pytest-xdist, which fail one after another.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from unittest import mock

from tests.cluster.remote import serving
from tests.reporting.dying import dying

BOUND = 20.0
HOW = {"cut": "connections are refused", "stall": "nothing is ever answered"}


def main() -> None:
    """A line for each."""
    environment = {"KF_PASSWORD": "12341234", "COLUMNS": "200"}
    with serving() as remote, mock.patch.dict(os.environ, environment):
        for how, message in HOW.items():
            for workers in (1, 3):
                with tempfile.TemporaryDirectory() as name:
                    folder = Path(name)
                    options = (f"--kf-json={folder / 'report.json'}",)
                    died = dying(remote, folder, how, *options, workers=workers)
                print(
                    f"{died.seconds:6.1f} s, {died.seconds / BOUND:5.2f} of the bound; "
                    f"{died.connections:3} connections, {workers} workers: {message}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
