"""Sessions inside the cluster: what --kf-manifests and kf-run make of them."""

from __future__ import annotations

from pytest_kubeflow.config import parsers as p
from pytest_kubeflow.config.setting import Option

OPTIONS = (
    Option(
        "suites",
        "incluster.suites",
        p.names(what="folders of the shipped suites, such as pipelines,volumes"),
        "The shipped suites for --kf-manifests and kf-run. Default: all of them.",
        default=(),
        metavar="NAMES",
        repeatable=True,
    ),
    Option(
        "job_name",
        "incluster.name",
        p.JOB_NAME,
        "The name of the objects that --kf-manifests prints.",
        default="acceptance",
        metavar="NAME",
    ),
    Option(
        "job_image",
        "incluster.image",
        p.IMAGE,
        "The image of the Job's pod, with pytest-kubeflow and its dependencies, as built by the "
        "Containerfile.",
        metavar="IMAGE",
    ),
    Option(
        "job_schedule",
        "incluster.schedule",
        p.SCHEDULE,
        "When the CronJob starts a Job: five fields of cron, in the time zone of the cluster.",
        default="30 2 * * *",
        metavar="CRON",
    ),
    Option(
        "job_deadline",
        "incluster.deadline",
        p.DURATION,
        "The maximum time for the Job. After that its pod gets SIGTERM, and still writes its "
        "reports. Unless --kf-session-timeout is given, the session ends by itself before that.",
        default=4 * 3600.0,
        metavar="DURATION",
    ),
    Option(
        "job_claim",
        "incluster.claim",
        p.SUBDOMAIN,
        "An existing volume claim for the reports and the history. Without it, one is created.",
        metavar="NAME",
    ),
    Option(
        "job_secret",
        "incluster.secret",
        p.SUBDOMAIN,
        "The Secret with the passwords and keys for the Job's pod; its keys are the names of "
        "environment variables, such as KF_PASSWORD. Default: NAME-login, with the variables that "
        "are set where the command runs.",
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
