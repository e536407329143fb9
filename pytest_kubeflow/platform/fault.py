"""Fault: an entry of the catalogue of what goes wrong with Kubeflow's installations."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

CODE = re.compile(r"KF[1-9]\d\d")


class Severity(enum.Enum):
    """What a fault means for those who work on the cluster; the first weighs most."""

    BROKEN = "broken"
    """Something that people need does not work."""

    DEGRADED = "degraded"
    """It works, worse than it should or not for long."""

    NOTICE = "notice"
    """It works, and the administrator should know this."""

    @property
    def weight(self) -> int:
        """0 for the worst."""
        return list(Severity).index(self)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault, in the words of the reference page and of `--kf-explain`.

    Texts are plain, with names of objects as they are on a real cluster; `fix` has commands or
    manifests in lines that begin with four spaces.
    """

    code: str
    """Stable, such as "KF201": it is never given to another fault."""

    name: str
    """The same for people, such as "webhook-leftover"."""

    severity: Severity
    """The worst that a finding of it can have."""

    title: str
    """One sentence without a full stop: what is wrong."""

    symptom: str
    """What people meet, with the words that they search for."""

    looked_at: str
    """What the check looks at."""

    fix: str
    """What to do, in general; a finding has the same with its names."""

    source: str
    """Where the fact comes from: a repository and file, or an issue such as kubeflow/katib#1533."""

    since: str = ""
    """The first release of Kubeflow that can have it; empty for any."""

    until: str = ""
    """The last one."""

    signs: tuple[str, ...] = ()
    """Regular expressions, of which each alone shows in a log, a message, an event or a response
    that this fault is behind a failure. Only what nothing else says belongs here."""
