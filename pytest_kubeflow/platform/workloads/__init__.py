"""Workloads: pods with those who made them, their containers, and the warnings about them."""

from pytest_kubeflow.platform.workloads.container import Container, containers_of
from pytest_kubeflow.platform.workloads.owner import Owner, Workloads
from pytest_kubeflow.platform.workloads.warnings import Warnings

__all__ = ["Container", "Owner", "Warnings", "Workloads", "containers_of"]
