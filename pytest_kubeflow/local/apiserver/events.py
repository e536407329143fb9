"""One store of events, two faces: core/v1 and events.k8s.io/v1.

Conversion: kubernetes/pkg/apis/events/v1/conversion.go.
"""

from __future__ import annotations

from pytest_kubeflow.local.apiserver.errors import Object

GROUP = "events.k8s.io"
# The newer name of a field and the name under which it is stored.
_NAMES = {
    "deprecatedCount": "count",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedSource": "source",
    "note": "message",
    "regarding": "involvedObject",
    "reportingController": "reportingComponent",
}
_STORED = {stored: shown for shown, stored in _NAMES.items()}


def to_stored(event: Object) -> Object:
    """An event of events.k8s.io/v1 with the names of core/v1."""
    return {_NAMES.get(key, key): value for key, value in event.items()}


def to_shown(event: Object) -> Object:
    """A stored event with the names of events.k8s.io/v1."""
    return {_STORED.get(key, key): value for key, value in event.items()}


def field_selector(text: str) -> str:
    """A field selector on `regarding` and its like, as one on stored events."""
    terms = []
    for term in text.split(","):
        field, dot, rest = term.partition(".")
        if dot and field in _NAMES:
            terms.append(f"{_NAMES[field]}.{rest}")
        else:
            terms.append(term.replace("reportingController", "reportingComponent"))
    return ",".join(terms)
