"""Selection: which objects of a collection a request chooses.

Fields: the conversion functions of kubernetes/pkg/apis/*/v1/conversion.go.
"""

from __future__ import annotations

from pytest_kubeflow.local.apiserver import events
from pytest_kubeflow.local.apiserver.selectors.parsing import Predicate, parse_fields, parse_labels
from pytest_kubeflow.local.apiserver.store import Type
from pytest_kubeflow.local.apiserver.targets import Target

_FIELDS = frozenset({"metadata.name", "metadata.namespace"})
_MORE_FIELDS: dict[Type, frozenset[str]] = {
    ("", "pods"): frozenset(
        {
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "status.phase",
            "status.podIP",
        }
    ),
    ("", "events"): frozenset(
        {
            "involvedObject.apiVersion",
            "involvedObject.fieldPath",
            "involvedObject.kind",
            "involvedObject.name",
            "involvedObject.namespace",
            "involvedObject.resourceVersion",
            "involvedObject.uid",
            "reason",
            "reportingComponent",
            "source",
            "type",
        }
    ),
    ("", "namespaces"): frozenset({"status.phase"}),
    ("batch", "jobs"): frozenset({"status.successful"}),
    ("", "nodes"): frozenset({"spec.unschedulable"}),
    ("", "secrets"): frozenset({"type"}),
}


def selection(target: Target, query: dict[str, str]) -> Predicate:
    """What `labelSelector` and `fieldSelector` (and a name in the path) choose.

    Raises StatusError 400 for selectors that do not parse.
    """
    labels = parse_labels(query.get("labelSelector", ""))
    supported = _FIELDS | _MORE_FIELDS.get(target.kind.type, frozenset())
    selector = query.get("fieldSelector", "")
    if target.kind.group == events.GROUP:
        selector = events.field_selector(selector)
    fields = parse_fields(selector, supported)
    if not target.name and not selector:
        return lambda obj: labels(obj["metadata"].get("labels") or {})
    name = target.name
    return lambda obj: (
        (not name or obj["metadata"]["name"] == name)
        and labels(obj["metadata"].get("labels") or {})
        and fields(obj)
    )
