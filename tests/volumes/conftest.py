"""The embedded cluster as a remote one, and as a strict one, for this folder's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.remote import Remote, _clean_environment, remote
from tests.volumes.strictapi import Strictness, strict_api

__all__ = ["_clean_environment", "remote"]


@pytest.fixture
def strict(remote: Remote, tmp_path: Path) -> Iterator[tuple[Path, Strictness]]:
    """The kubeconfig of the strict cluster, and what it refuses."""
    with strict_api(remote.endpoints.kubeconfig, tmp_path) as made:
        yield made
