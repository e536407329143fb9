"""Ownership: the labels on everything that we make, so that it can be told from what we did not.

Nothing without them is ever deleted or changed.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGER = "pytest-kubeflow"
RUN_ID = "pytest-kubeflow.io/run-id"
OWNER = "pytest-kubeflow.io/owner"
EXPIRES = "pytest-kubeflow.io/expires"

LIFETIME = 4 * 3600.0
"""Seconds after which what an interrupted session left behind may be removed by another one."""


@dataclass(frozen=True, slots=True)
class Ownership:
    """One test session as an owner. `expires` is in seconds since 1970.

    `name` makes names that no other session makes.
    """

    owner: str
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex[:10])
    expires: int = field(default_factory=lambda: int(time.time() + LIFETIME))

    def labels(self) -> dict[str, str]:
        """The labels for one object."""
        return {
            MANAGED_BY: MANAGER,
            RUN_ID: label_value(self.run_id),
            OWNER: label_value(self.owner),
            EXPIRES: str(self.expires),
        }

    @property
    def selector(self) -> str:
        """Selects what this session made."""
        return f"{MANAGED_BY}={MANAGER},{RUN_ID}={label_value(self.run_id)}"

    def name(self, purpose: str) -> str:
        """A new name such as kf-seed-3f2a91c0, at most 40 characters."""
        purpose = re.sub(r"[^a-z0-9]+", "-", purpose.lower()).strip("-")[:24].rstrip("-")
        return f"kf-{purpose}-{uuid.uuid4().hex[:10]}"


def label_value(text: str) -> str:
    """`text` as a label's value: at most 63 of the characters that one may have."""
    allowed = re.sub(r"[^A-Za-z0-9._-]", "-", text)[:63]
    return allowed.strip("._-")


def is_ours(labels: Mapping[str, str] | None) -> bool:
    """Whether an object with these labels was made by some session of this plugin."""
    found = labels or {}
    return found.get(MANAGED_BY) == MANAGER and RUN_ID in found


def has_expired(labels: Mapping[str, str] | None, *, now: float) -> bool:
    """Whether it is ours and its time is over. What has no readable expiry never expires."""
    expires = (labels or {}).get(EXPIRES, "")
    return is_ours(labels) and expires.isascii() and expires.isdigit() and int(expires) < now
