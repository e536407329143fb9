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
        "With --kf-health: write what was found as JSON, too.",
        metavar="FILE",
    ),
    Option(
        "health_fails_on",
        "health.fails_on",
        p.choice("broken", "degraded", "notice"),
        "The least severity of a finding for which --kf-health and the tests of the platform fail; "
        "what is less is told as a warning.",
        default="broken",
        metavar="SEVERITY",
    ),
)
