"""Ownership: the labels on everything that we make, so that it can be told from what we did not.

Nothing without them is ever deleted or changed.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGER = "pytest-kubeflow"
RUN_ID = "pytest-kubeflow.io/run-id"
OWNER = "pytest-kubeflow.io/owner"
EXPIRES = "pytest-kubeflow.io/expires"

LIFETIME = 4 * 3600.0
"""Seconds after which what an interrupted session left behind may be removed by another one."""

_TIME = re.compile(r"[1-9]\d{3,11}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Ownership:
    """One test session as an owner; `name` makes names that no other session makes.

    What it makes expires `LIFETIME` seconds after it was made, or at `expires` (in seconds since
    1970) if that is given. `clock` is the cluster's: sessions on machines whose clocks differ agree
    by it on what has expired.
    """

    owner: str
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex[:10])
    expires: int | None = None
    clock: Callable[[], float] = field(default=time.time, compare=False)

    def labels(self, *, lifetime: float | None = None) -> dict[str, str]:
        """The labels for one object; it has `lifetime` seconds from now instead if given."""
        expires = self.expires
        if lifetime is not None or expires is None:
            expires = int(self.clock() + (LIFETIME if lifetime is None else lifetime))
        return {
            MANAGED_BY: MANAGER,
            RUN_ID: label_value(self.run_id),
            OWNER: label_value(self.owner),
            EXPIRES: str(expires),
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
    return found.get(MANAGED_BY) == MANAGER and bool(found.get(RUN_ID))


def expiry(labels: Mapping[str, str] | None) -> int | None:
    """When what has these labels expires, in seconds since 1970.

    None for what is not ours, and for what has no readable expiry: it never expires.
    """
    text = (labels or {}).get(EXPIRES, "")
    return int(text) if is_ours(labels) and _TIME.fullmatch(text) else None


def has_expired(labels: Mapping[str, str] | None, *, now: float) -> bool:
    """Whether it is ours and its time is over."""
    expires = expiry(labels)
    return expires is not None and expires < now


def living(everything: Iterable[Mapping[str, str] | None], *, now: float) -> frozenset[str]:
    """The ids of the sessions of which anything has not expired yet, or never does.

    A session lives as long as the youngest of what it made: it renews itself by making something
    new, which takes no other rights than those it has.
    """
    return frozenset(
        str(labels[RUN_ID])
        for labels in everything
        if labels is not None and is_ours(labels) and not has_expired(labels, now=now)
    )


def remains(labels: Mapping[str, str], *, now: float) -> str:
    """For people: "of ann-at-laptop (session 1f2e3d), expired 3h ago"."""
    owner, run_id = labels.get(OWNER) or "nobody", labels.get(RUN_ID, "")
    return f"of {owner} (session {run_id}), {lifetime_left(labels, now=now)}"


def lifetime_left(labels: Mapping[str, str], *, now: float) -> str:
    """For people: "expires in 3h", "expired 5m ago" or "never expires"."""
    expires = expiry(labels)
    if expires is None:
        return "never expires"
    if expires < now:
        return f"expired {age(now - expires)} ago"
    return f"expires in {age(expires - now)}"


def age(seconds: float) -> str:
    """A span of time as kubectl shows it: 45s, 12m, 5h, 3d."""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size:.0f}{unit}"
    return f"{max(0.0, seconds):.0f}s"
