"""Sessions inside the cluster: what --kf-manifests and kf-run make of them."""

from __future__ import annotations

from pytest_kubeflow.config import parsers as p
from pytest_kubeflow.config.setting import Option

OPTIONS = (
    Option(
        "suites",
        "incluster.suites",
        p.names(what="folders of the shipped suites, such as pipelines,volumes"),
        "The shipped suites that --kf-manifests and kf-run are about; without it, all of them.",
        default=(),
        metavar="NAMES",
        repeatable=True,
    ),
    Option(
        "job_name",
        "incluster.name",
        p.JOB_NAME,
        "What the objects of --kf-manifests are called.",
        default="acceptance",
        metavar="NAME",
    ),
    Option(
        "job_image",
        "incluster.image",
        p.IMAGE,
        "The image of the Job's pod: pytest-kubeflow and what it needs, as Containerfile makes it.",
        metavar="IMAGE",
    ),
    Option(
        "job_schedule",
        "incluster.schedule",
        p.SCHEDULE,
        "When the CronJob starts a Job, in the five fields of cron and the cluster's time zone.",
        default="30 2 * * *",
        metavar="CRON",
    ),
    Option(
        "job_deadline",
        "incluster.deadline",
        p.DURATION,
        "The longest that the Job may take: then its pod is ended by SIGTERM, and reports are "
        "written all the same. The session ends by itself before, unless --kf-session-timeout is "
        "given.",
        default=4 * 3600.0,
        metavar="DURATION",
    ),
    Option(
        "job_claim",
        "incluster.claim",
        p.SUBDOMAIN,
        "An existing volume claim for the reports and the history; without it, one is made.",
        metavar="NAME",
    ),
    Option(
        "job_secret",
        "incluster.secret",
        p.SUBDOMAIN,
        "The Secret from which the Job's pod has passwords and keys: its keys are the names of the "
        "variables, such as KF_PASSWORD. Without it, NAME-login of those that are set here.",
        metavar="NAME",
    ),
    Option(
        "job_report_secret",
        "incluster.report_secret",
        p.SUBDOMAIN,
        "The Secret from which the Job's pod has the keys for --kf-report-bucket, as accesskey and "
        "secretkey: mlpipeline-minio-artifact is such a one.",
        metavar="NAME",
    ),
)
