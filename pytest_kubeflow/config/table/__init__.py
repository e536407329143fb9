"""Every option, environment variable and ini key, as one table: add a row, and it is everywhere.

The rows are in one file for each group of KubeflowConfig; a row's second column is where its value
goes in it.
"""

from __future__ import annotations

from pytest_kubeflow.config.table import (
    conformance,
    gateway,
    gpu,
    health,
    images,
    incluster,
    kubernetes,
    local,
    notebooks,
    objectstore,
    reporting,
    serving,
    session,
)

ACTIONS = {
    "--kf-plan": "Print the runs that the selected tests declare, and submit nothing.",
    "--kf-preflight": "Check the cluster, print what is wrong and how to fix it, and run no test.",
    "--kf-images": "Print the images that the selected tests will pull and what needs each, and "
    "run no test. Without arguments: those of the shipped suites.",
    "--kf-pull-images": "Pull the images of the selected tests on the cluster, by a pod for each, "
    "have a pod install kfp as components do, print what failed, and run no test. The exit code is "
    "78 if anything did.",
    "--kf-manifests=KIND": "Print manifests that run the selected tests (without arguments, the "
    "suites of --kf-suites) inside the cluster, and run no test. KIND is job, cronjob, or rbac, "
    "which is the account and its rights only.",
    "--kf-health": "Check the platform, print each fault with its fix, and run no test. The exit "
    "code is 78 if there is one.",
    "--kf-explain=CODE": "Print the entry of the catalogue of faults for a code such as KF401, and "
    "run no test. May be given more than once.",
    "--kf-cleanup": "List what sessions left on the cluster, remove what has expired, and run no "
    "test.",
    "--kf-cleanup-session=ID": "The same, but remove all objects of this session. May be given "
    "more than once.",
    "--kf-cleanup-all": "The same, but remove the objects of all sessions, also of those that are "
    "running.",
    "--kf-dry-run": "With --kf-cleanup: list what would be removed, and remove nothing.",
    "--kf-verify=BUNDLE": "Check whether a conformance bundle, a directory or a .zip, is complete "
    "and unchanged and shows that a platform conforms, and run no test. The exit code is 1 if it "
    "does not. BUNDLE@sha256:DIGEST requires that digest. May be given more than once.",
    "--kf-compare A B": "Print what changed between two sessions, and run no test. The exit code "
    "is 1 if anything is worse. Each is a JSON document of --kf-json, the directory of a history "
    "(its last session) or DIR:SESSION; with --kf-history also a session such as last-1.",
}
"""Options that say what to do, not how: on the command line alone. Those with values name them."""

OPTIONS = (
    *gateway.OPTIONS,
    *kubernetes.OPTIONS,
    *objectstore.OPTIONS,
    *gpu.OPTIONS,
    *serving.OPTIONS,
    *notebooks.OPTIONS,
    *images.OPTIONS,
    *session.OPTIONS,
    *health.OPTIONS,
    *conformance.OPTIONS,
    *reporting.OPTIONS,
    *incluster.OPTIONS,
    *local.OPTIONS,
)
