"""The hooks that say how long a session waits for evidence: all of its processes together."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow import options
from pytest_kubeflow.retries.evidence import EVIDENCE

_WORKER = "kubeflow_evidence"
_shared_key = pytest.StashKey[Path]()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Begin to count; in a worker of pytest-xdist with the others."""
    config = session.config
    if options.is_listing(config):
        return
    found = (getattr(config, "workerinput", None) or {}).get(_WORKER)
    seconds = options.load(config).reporting.evidence_timeout
    EVIDENCE.renew(seconds, shared=Path(found) if found else None)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where all of them count."""
    config: pytest.Config = node.config
    if _shared_key not in config.stash:
        handle, name = tempfile.mkstemp(prefix="kubeflow-evidence-", suffix=".json")
        os.close(handle)
        path = config.stash[_shared_key] = Path(name)
        EVIDENCE.share(path)
        config.add_cleanup(lambda: path.unlink(missing_ok=True))
    node.workerinput[_WORKER] = str(config.stash[_shared_key])
