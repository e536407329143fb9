"""The names of our markers, for all that reads them off tests."""

from __future__ import annotations

PIPELINE = "kf_pipeline"
"""Declares a run of a pipeline."""

REQUIRES = "kf_requires"
"""Names components without which the test is skipped."""

IMAGES = "kf_images"
"""Names images that the test pulls."""

SLOW = "kf_slow"
"""Says that the test waits for minutes."""

LOAD = "kf_load"
"""Says that the test puts load on the cluster."""

UPGRADE = "kf_upgrade"
"""Says of which side of an upgrade the test is: "before" or "after"."""
