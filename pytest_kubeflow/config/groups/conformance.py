"""ConformanceSettings: what is shown to others of a platform."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ConformanceSettings:
    """What is shown to others of a platform."""

    release: str | None = None
    """The release of Kubeflow that it conforms to; None: that is not looked at."""

    product: Path | None = None
    """A file that says whose platform it is."""

    bundle: Path | None = None
    """Where the bundle is written; None for kubeflow-conformance-RELEASE."""
