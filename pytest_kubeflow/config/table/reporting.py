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
        "Write a report of the session as one HTML page: verdict, causes of failures, graphs of "
        "runs.",
        metavar="FILE",
    ),
    Option(
        "json",
        "reporting.json",
        o.JSON,
        "Write the whole session as JSON, by the schema docs/reference/report.schema.json.",
        metavar="FILE",
    ),
    Option(
        "ctrf",
        "reporting.ctrf",
        o.JSON,
        "Write the results in the Common Test Report Format (https://ctrf.io), which is JSON.",
        metavar="FILE",
    ),
    Option(
        "prometheus",
        "reporting.prometheus",
        o.METRICS,
        "Write metrics for the textfile collector of Prometheus' node exporter. The name must end "
        "in .prom.",
        metavar="FILE",
    ),
    Option(
        "github_summary",
        "reporting.github_summary",
        o.SUMMARY,
        "The file to which a summary in Markdown is appended. auto: the file that "
        "GITHUB_STEP_SUMMARY names in a job of GitHub Actions, and no file elsewhere.",
        default="auto",
        metavar="WHERE",
    ),
    Option(
        "history",
        "reporting.history",
        o.DIRECTORY,
        "A directory in which sessions are recorded; it is created if it is missing. Reports then "
        "show a trend, the first red session, flaky tests and usual durations.",
        metavar="DIR",
    ),
    Option(
        "fleet",
        "reporting.fleet",
        o.DIRECTORY,
        "The directory for the reports of sessions on several targets (--kf-target more than "
        "once): a folder for each, and one page about all. Default: kubeflow-fleet in the current "
        "directory.",
        metavar="DIR",
    ),
    Option(
        "slower_than",
        "reporting.slower_than",
        p.FACTOR,
        "The session fails if a test takes more than this many times its longest usual time. "
        "Needs --kf-history.",
        metavar="FACTOR",
    ),
    Option(
        "bundle",
        "reporting.bundle",
        o.BUNDLE,
        "Where to write the evidence of each failed test, a folder for each: runs, Workflows, "
        "pods, logs, events. A directory, or one .zip file.",
        metavar="DIR|FILE.zip",
    ),
    Option(
        "report_bucket",
        "reporting.bucket",
        p.Parser(lambda text, _base: parse_bucket_place(text), "s3://BUCKET or s3://BUCKET/PREFIX"),
        "Upload what the session writes (page, JSON, JUnit XML, evidence...) to a bucket of an "
        "S3 store, too, in a folder for the session below PREFIX. The keys are "
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
        "How much evidence the text of a failure has: full, or short (the table of tasks and the "
        "last lines of the failed task's log). With --tb=no the terminal shows none.",
        default="full",
        metavar="HOW_MUCH",
    ),
    Option(
        "evidence_timeout",
        "reporting.evidence_timeout",
        p.DURATION,
        "The maximum time, for all failures together, that a session waits for evidence from a "
        "cluster that does not respond any more. After that it requests no more evidence.",
        default=20.0,
        metavar="DURATION",
    ),
    Option(
        "quiet",
        "reporting.quiet",
        p.FLAG,
        "Show only the verdict and failures in the terminal: no progress, no facts about the "
        "cluster, no warnings of the preflight.",
        default=False,
        metavar="BOOL",
        flag=True,
    ),
)
