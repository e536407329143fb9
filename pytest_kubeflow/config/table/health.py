"""Platform health."""

from __future__ import annotations

from pytest_kubeflow.config import outputs as o
from pytest_kubeflow.config import parsers as p
from pytest_kubeflow.config.setting import Option

OPTIONS = (
    Option(
        "health_json",
        "health.json",
        o.JSON,
        "With --kf-health: write the findings as JSON, too.",
        metavar="FILE",
    ),
    Option(
        "health_fails_on",
        "health.fails_on",
        p.choice("broken", "degraded", "notice"),
        "The lowest severity of a finding with which --kf-health and the suite platform fail. "
        "Findings below it are warnings.",
        default="broken",
        metavar="SEVERITY",
    ),
)
