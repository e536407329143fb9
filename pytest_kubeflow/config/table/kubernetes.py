"""The Kubernetes API, and what is used there."""

from __future__ import annotations

from pytest_kubeflow.config import parsers as p
from pytest_kubeflow.config.setting import Option

OPTIONS = (
    Option(
        "kubeconfig",
        "kubernetes.kubeconfig",
        p.FILE,
        "The kubeconfig to use; without it, what kubectl would use.",
        metavar="FILE",
    ),
    Option(
        "context",
        "kubernetes.context",
        p.TEXT,
        "The context in the kubeconfig; without it, its current one.",
        metavar="NAME",
    ),
    Option(
        "namespace",
        "kubernetes.namespace",
        p.LABEL,
        "An existing namespace to work in, which is never deleted; without it, a scratch one.",
        metavar="NAME",
    ),
    Option(
        "storage_class",
        "kubernetes.storage_class",
        p.SUBDOMAIN,
        "The storage class of volumes that are claimed; without it, the cluster's default.",
        metavar="NAME",
    ),
    Option(
        "base_image",
        "kubernetes.base_image",
        p.TEXT,
        "The image of components and helper pods; it must have python3.",
        default="python:3.11-slim",
        metavar="IMAGE",
    ),
)
