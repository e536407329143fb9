"""The embedded Kubeflow."""

from __future__ import annotations

from pytest_kubeflow.config import parsers as p
from pytest_kubeflow.config.setting import Option

OPTIONS = (
    Option(
        "local_mode",
        "local.mode",
        p.choice("multi-user", "standalone"),
        "The kind of embedded Kubeflow: a multi-user platform with Profiles, or stand-alone "
        "Kubeflow Pipelines.",
        default="multi-user",
        metavar="MODE",
    ),
    Option(
        "local_fault",
        "local.faults",
        p.names(what="names that `python -m pytest_kubeflow.local --list-faults` lists"),
        "A fault to switch on in the embedded Kubeflow. May be given more than once.",
        default=(),
        metavar="NAME",
        repeatable=True,
    ),
    Option(
        "local_strict",
        "local.strict",
        p.FLAG,
        "Pipelines that rely on behavior which only the embedded Kubeflow has fail.",
        default=False,
        metavar="BOOL",
        flag=True,
    ),
    Option(
        "local_pod_network",
        "local.pod_network",
        p.choice("auto", "own", "shared"),
        "Whether each pod of the embedded Kubeflow has its own network, or all share the network "
        "of this machine. auto: own, if this machine allows it.",
        default="auto",
        metavar="NETWORK",
    ),
    Option(
        "local_trainer",
        "local.trainer",
        p.choice("2.1", "2.2"),
        "The release of Trainer in the embedded Kubeflow: 2.1 as in Kubeflow 26.03, 2.2 as in "
        "26.03.1.",
        default="2.2",
        metavar="RELEASE",
    ),
    Option(
        "local_training_operator",
        "local.training_operator",
        p.FLAG,
        "The embedded Kubeflow also has the Training Operator v1: PyTorchJobs, TFJobs, MPIJobs.",
        default=False,
        metavar="BOOL",
        flag=True,
    ),
)
