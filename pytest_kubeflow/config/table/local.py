"""The embedded Kubeflow."""

from __future__ import annotations

from pytest_kubeflow.config import parsers as p
from pytest_kubeflow.config.setting import Option

OPTIONS = (
    Option(
        "local_mode",
        "local.mode",
        p.choice("multi-user", "standalone"),
        "What the embedded Kubeflow is: a platform with Profiles, or Kubeflow Pipelines alone.",
        default="multi-user",
        metavar="MODE",
    ),
    Option(
        "local_fault",
        "local.faults",
        p.names(what="names that `python -m pytest_kubeflow.local --list-faults` lists"),
        "A fault that the embedded Kubeflow has; may be given more than once.",
        default=(),
        metavar="NAME",
        repeatable=True,
    ),
    Option(
        "local_strict",
        "local.strict",
        p.FLAG,
        "Pipelines on the embedded Kubeflow fail where they rely on what no other Kubeflow does.",
        default=False,
        metavar="BOOL",
        flag=True,
    ),
    Option(
        "local_pod_network",
        "local.pod_network",
        p.choice("auto", "own", "shared"),
        "Whether each pod of the embedded Kubeflow has a network of its own or all share the "
        "machine's; auto: own where this machine allows it.",
        default="auto",
        metavar="NETWORK",
    ),
    Option(
        "local_trainer",
        "local.trainer",
        p.choice("2.1", "2.2"),
        "Release of Trainer of the embedded Kubeflow: 2.1 is that of Kubeflow 26.03, 2.2 that of "
        "26.03.1.",
        default="2.2",
        metavar="RELEASE",
    ),
    Option(
        "local_training_operator",
        "local.training_operator",
        p.FLAG,
        "The embedded Kubeflow has the Training Operator v1, too: PyTorchJobs, TFJobs, MPIJobs.",
        default=False,
        metavar="BOOL",
        flag=True,
    ),
)
