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
    Option(
        "volume_size",
        "kubernetes.volume_size",
        p.SIZE,
        "The size of volumes that are claimed, where the test names none.",
        default="1Gi",
        metavar="QUANTITY",
    ),
    Option(
        "pod_requests",
        "kubernetes.pod_requests",
        p.AMOUNTS,
        "What each container of a helper pod requests; resources that are not named here request "
        "little (cpu=10m,memory=32Mi), or as little as the namespace's LimitRange allows. This and "
        "all of --kf-pod-... is about helper pods, which fill and read volumes: the tasks of runs "
        "have what their pipelines and their namespace give them.",
        default=(),
        metavar="RESOURCE=QUANTITY",
        repeatable=True,
    ),
    Option(
        "pod_limits",
        "kubernetes.pod_limits",
        p.AMOUNTS,
        "The limits of each container of a helper pod; without it cpu=500m,memory=256Mi, or as "
        "near to them as the namespace's LimitRange allows.",
        default=(),
        metavar="RESOURCE=QUANTITY",
        repeatable=True,
    ),
    Option(
        "pod_labels",
        "kubernetes.pod_labels",
        p.LABELS,
        "Labels of helper pods, which a policy of the cluster may demand.",
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
        "A taint of nodes that helper pods ignore; may be given more than once.",
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
        "A Secret of the namespace with which the image of helper pods is pulled; may be given "
        "more than once.",
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
