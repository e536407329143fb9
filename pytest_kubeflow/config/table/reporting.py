"""What a session writes beside the terminal: reports, and its history."""

from __future__ import annotations

from pytest_kubeflow.config import outputs as o
from pytest_kubeflow.config import parsers as p
from pytest_kubeflow.config.bucketplace import parse_bucket_place
from pytest_kubeflow.config.setting import Option

OPTIONS = (
    Option(
        "report",
        "reporting.report",
        o.PAGE,
        "Write the session as one HTML page: verdict, causes, runs as pictures.",
        metavar="FILE",
    ),
    Option(
        "json",
        "reporting.json",
        o.JSON,
        "Write the session as JSON, all of it, as docs/reference/report.schema.json says.",
        metavar="FILE",
    ),
    Option(
        "ctrf",
        "reporting.ctrf",
        o.JSON,
        "Write the tests in the Common Test Report Format (https://ctrf.io), which is JSON.",
        metavar="FILE",
    ),
    Option(
        "prometheus",
        "reporting.prometheus",
        o.METRICS,
        "Write metrics for the textfile collector of Prometheus' node exporter, which reads files "
        "that end in .prom.",
        metavar="FILE",
    ),
    Option(
        "github_summary",
        "reporting.github_summary",
        o.SUMMARY,
        "Where a summary in Markdown is appended: auto is the file that GITHUB_STEP_SUMMARY names "
        "in a job of GitHub Actions, and none elsewhere.",
        default="auto",
        metavar="WHERE",
    ),
    Option(
        "history",
        "reporting.history",
        o.DIRECTORY,
        "A directory that remembers sessions, made if it is missing: reports then have trend, "
        "first red night, flaky tests and usual durations.",
        metavar="DIR",
    ),
    Option(
        "fleet",
        "reporting.fleet",
        o.DIRECTORY,
        "Where sessions on several targets (--kf-target more than once) put their reports, a "
        "folder for each, and a page about all; without it kubeflow-fleet where pytest was begun.",
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
    Option(
        "bundle",
        "reporting.bundle",
        o.BUNDLE,
        "Where what the cluster tells of each failed test is put, as a folder for each: runs, "
        "Workflows, pods, logs, events. A directory, or one file that ends in .zip.",
        metavar="DIR|FILE.zip",
    ),
    Option(
        "report_bucket",
        "reporting.bucket",
        p.Parser(lambda text, _base: parse_bucket_place(text), "s3://BUCKET or s3://BUCKET/PREFIX"),
        "Also put what the session has written (page, JSON, JUnit XML, evidence...) into a bucket "
        "of an S3 store, in a folder of the session below PREFIX. The keys are "
        "KF_REPORT_ACCESS_KEY and KF_REPORT_SECRET_KEY, or those of KF_S3_...",
        metavar="s3://BUCKET",
    ),
    Option(
        "report_endpoint",
        "reporting.endpoint",
        p.ENDPOINT,
        "The store that has the bucket; without it that of --kf-s3-endpoint.",
        metavar="URL",
    ),
    Option(
        "report_access_key",
        "reporting.access_key",
        p.SECRET,
        "The access key for the bucket of reports.",
        hidden=True,
        secret=True,
    ),
    Option(
        "report_secret_key",
        "reporting.secret_key",
        p.SECRET,
        "The secret key for the bucket of reports.",
        hidden=True,
        secret=True,
    ),
    Option(
        "evidence",
        "reporting.evidence",
        p.choice("full", "short"),
        "How much evidence a failure's text has: all, or the table of tasks and the last lines of "
        "the failed task's log. With --tb=no the terminal shows none.",
        default="full",
        metavar="HOW_MUCH",
    ),
    Option(
        "evidence_timeout",
        "reporting.evidence_timeout",
        p.DURATION,
        "The longest that a session waits, all failures together, for a cluster that no longer "
        "answers while evidence is read: then nothing more is asked.",
        default=20.0,
        metavar="DURATION",
    ),
    Option(
        "quiet",
        "reporting.quiet",
        p.FLAG,
        "Of what this plugin tells in the terminal, show the verdict and failures alone: no "
        "progress, no facts, no warnings of the preflight.",
        default=False,
        metavar="BOOL",
        flag=True,
    ),
)
