"""What a session writes beside the terminal: reports, and its history."""

from __future__ import annotations

from pytest_kubeflow.config import parsers as p
from pytest_kubeflow.config.setting import Option

OPTIONS = (
    Option(
        "report",
        "reporting.report",
        p.OUTPUT,
        "Write the session as one HTML page: verdict, causes, runs as pictures.",
        metavar="FILE",
    ),
    Option(
        "json",
        "reporting.json",
        p.OUTPUT,
        "Write the session as JSON, all of it, as docs/reference/report.schema.json says.",
        metavar="FILE",
    ),
    Option(
        "ctrf",
        "reporting.ctrf",
        p.OUTPUT,
        "Write the tests in the Common Test Report Format (https://ctrf.io), which is JSON.",
        metavar="FILE",
    ),
    Option(
        "prometheus",
        "reporting.prometheus",
        p.OUTPUT,
        "Write metrics for the textfile collector of Prometheus' node exporter; a name that ends "
        "in .prom.",
        metavar="FILE",
    ),
    Option(
        "github_summary",
        "reporting.github_summary",
        p.SUMMARY,
        "Where a summary in Markdown is appended: auto is the file that GITHUB_STEP_SUMMARY names "
        "in a job of GitHub Actions, and none elsewhere.",
        default="auto",
        metavar="WHERE",
    ),
    Option(
        "history",
        "reporting.history",
        p.OUTPUT_DIRECTORY,
        "A directory that remembers sessions, made if it is missing: reports then have trend, "
        "first red night, flaky tests and usual durations.",
        metavar="DIR",
    ),
    Option(
        "slower_than",
        "reporting.slower_than",
        p.FACTOR,
        "How many times its usual longest a test may take; the session fails if one takes longer. "
        "Needs --kf-history.",
        metavar="FACTOR",
    ),
)
