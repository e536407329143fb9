"""Whether a webhook that fails stands in the way of Kubeflow, or of others alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pytest_kubeflow.platform.backends import labels
from pytest_kubeflow.platform.place import is_ours
from pytest_kubeflow.platform.selectors import selects
from pytest_kubeflow.platform.snapshot import Snapshot
from pytest_kubeflow.platform.snapshot.fields import items, mapping, name_of, texts
from pytest_kubeflow.platform.snapshot.kind import NAMESPACES
from pytest_kubeflow.platform.webhook import Webhook

OF_PLATFORM = re.compile(
    r"(^|\.)(kubeflow\.org|argoproj\.io|kserve\.io|knative\.dev|istio\.io|cert-manager\.io"
    r"|metacontroller\.k8s\.io|jobset\.x-k8s\.io|sparkoperator\.k8s\.io)$"
)
"""The groups of kinds that Kubeflow, and what it stands on, brings along."""

_OF_KUBERNETES = re.compile(
    r"\*|[a-z]*|(rbac\.authorization|networking|storage|apiextensions)\.k8s\.io"
)
_NAME = "kubernetes.io/metadata.name"


def concerns_kubeflow(snapshot: Snapshot, webhook: Webhook) -> bool:
    """Whether Kubeflow makes objects that this webhook is asked about."""
    if webhook.service is not None and is_ours(snapshot, webhook.service[0]):
        return True
    groups = {one for rule in items(webhook.entry, "rules") for one in texts(rule, "apiGroups")}
    if not any(_OF_KUBERNETES.fullmatch(one) or OF_PLATFORM.search(one) for one in groups):
        return False
    selector = mapping(webhook.entry, "namespaceSelector")
    ours = list(_namespaces(snapshot))
    return not ours or any(selects(selector, one) for one in ours)


def _namespaces(snapshot: Snapshot) -> Iterator[Mapping[str, str]]:
    """The labels of those that are looked at."""
    for one in snapshot.all(NAMESPACES):
        if is_ours(snapshot, name_of(one)):
            yield {_NAME: name_of(one), **labels(one)}
