"""The Kubernetes API, and what is used there."""

from __future__ import annotations

from pytest_kubeflow.config import parsers as p
from pytest_kubeflow.config.setting import Option

OPTIONS = (
    Option(
        "kubeconfig",
        "kubernetes.kubeconfig",
        p.FILE,
        "The kubeconfig to use. Default: the one that kubectl would use.",
        metavar="FILE",
    ),
    Option(
        "context",
        "kubernetes.context",
        p.TEXT,
        "The context in the kubeconfig. Default: its current context.",
        metavar="NAME",
    ),
    Option(
        "namespace",
        "kubernetes.namespace",
        p.LABEL,
        "An existing namespace to work in; it is never deleted. Without it, the session creates a "
        "namespace and deletes it at its end.",
        metavar="NAME",
    ),
    Option(
        "storage_class",
        "kubernetes.storage_class",
        p.SUBDOMAIN,
        "The storage class of the volumes that tests claim. Default: the default class of the "
        "cluster.",
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
    Option(
        "volume_size",
        "kubernetes.volume_size",
        p.SIZE,
        "The size of the volumes that tests claim, where a test names none.",
        default="1Gi",
        metavar="QUANTITY",
    ),
    Option(
        "pod_requests",
        "kubernetes.pod_requests",
        p.AMOUNTS,
        "What each container of a helper pod requests. Resources that are not named request "
        "cpu=10m,memory=32Mi, or the least that the namespace's LimitRange allows. Options "
        "--kf-pod-... apply to helper pods only, which fill and read volumes; tasks of runs have "
        "what their pipeline and their namespace give them.",
        default=(),
        metavar="RESOURCE=QUANTITY",
        repeatable=True,
    ),
    Option(
        "pod_limits",
        "kubernetes.pod_limits",
        p.AMOUNTS,
        "The limits of each container of a helper pod. Default: cpu=500m,memory=256Mi, or as near "
        "to that as the namespace's LimitRange allows.",
        default=(),
        metavar="RESOURCE=QUANTITY",
        repeatable=True,
    ),
    Option(
        "pod_labels",
        "kubernetes.pod_labels",
        p.LABELS,
        "Labels of helper pods, for clusters whose policies require some.",
        default=(),
        metavar="KEY=VALUE",
        repeatable=True,
    ),
    Option(
        "pod_annotations",
        "kubernetes.pod_annotations",
        p.ANNOTATIONS,
        "Annotations of helper pods.",
        default=(),
        metavar="KEY=VALUE",
        repeatable=True,
    ),
    Option(
        "pod_toleration",
        "kubernetes.pod_tolerations",
        p.TOLERATIONS,
        "A taint of nodes that helper pods tolerate. May be given more than once.",
        default=(),
        metavar="KEY[=VALUE][:EFFECT]",
        repeatable=True,
    ),
    Option(
        "pod_node_selector",
        "kubernetes.pod_node_selector",
        p.LABELS,
        "The labels of the nodes that helper pods may run on.",
        default=(),
        metavar="KEY=VALUE",
        repeatable=True,
    ),
    Option(
        "pod_image_pull_secret",
        "kubernetes.pod_image_pull_secrets",
        p.SUBDOMAINS,
        "A Secret in the namespace for pulling the image of helper pods. May be given more than "
        "once.",
        default=(),
        metavar="NAME",
        repeatable=True,
    ),
    Option(
        "pod_priority_class",
        "kubernetes.pod_priority_class",
        p.SUBDOMAIN,
        "The priority class of helper pods.",
        metavar="NAME",
    ),
)
