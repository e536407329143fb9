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
    "--kf-preflight": "Check the cluster, print what is wrong and how to mend it, and run no test.",
    "--kf-images": "Print the images that the selected tests will pull, who needs each, and run no "
    "test; without arguments those of the shipped suites.",
    "--kf-manifests=KIND": "Print what to apply to run the selected tests (without arguments, the "
    "suites of --kf-suites) inside the cluster, and run no test: job, cronjob, or rbac for the "
    "account and its rights alone.",
    "--kf-health": "Look for what is broken on the platform, print each fault with its fix, and "
    "run no test; the exit code is 78 if anything is.",
    "--kf-explain=CODE": "Print what the catalogue of faults says of a code, such as KF401, and "
    "run no test; may be given more than once.",
    "--kf-cleanup": "List what sessions left on the cluster, remove what has expired, and run no "
    "test.",
    "--kf-cleanup-session=ID": "The same, but remove all that this session made; may be given more "
    "than once.",
    "--kf-cleanup-all": "The same, but remove what all sessions made, those that run now too.",
    "--kf-dry-run": "With --kf-cleanup: list what would be removed, and remove nothing.",
    "--kf-verify=BUNDLE": "Say whether a conformance bundle, a directory or a .zip, is complete "
    "and untouched and shows that a platform conforms, and run no test; the exit code is 1 if not. "
    "BUNDLE@sha256:DIGEST has to be that bundle. May be given more than once.",
    "--kf-compare A B": "Print what changed between two sessions and run no test; the exit code "
    "is 1 if anything is worse. Each is a JSON document of --kf-json, the directory of a history "
    "(its last session) or DIR:SESSION; with --kf-history a session alone, such as last-1.",
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
