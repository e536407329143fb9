"""For each fault the objects that show it, beside those of a platform that is whole."""

from __future__ import annotations

from collections.abc import Mapping

from tests.platform.broken import (
    images,
    nodes,
    profiles,
    storage,
    versions,
    workflows,
    workloads,
)
from tests.platform.broken.fault import Broken

_GROUPS = (workloads, storage, nodes, profiles, images, versions, workflows)

BROKEN: Mapping[str, Broken] = {
    code: one for group in _GROUPS for code, one in group.broken().items()
}
"""By code."""
