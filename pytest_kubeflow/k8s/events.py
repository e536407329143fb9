"""Events of Kubernetes objects, as texts for people."""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.k8s.client import KubernetesClient, calling

_PULLS = frozenset({"Pulling", "Pulled", "Failed", "BackOff"})


def events_of(
    kubernetes: KubernetesClient,
    namespace: str,
    *,
    kind: str | None = None,
    name: str | None = None,
) -> list[Any]:
    """The CoreV1Events about one object, or about all in the namespace; oldest first."""
    wanted = {"involvedObject.kind": kind, "involvedObject.name": name}
    selector = ",".join(f"{key}={value}" for key, value in wanted.items() if value)
    with calling(f"list events in namespace {namespace}"):
        found = kubernetes.core.list_namespaced_event(
            namespace, **({"field_selector": selector} if selector else {})
        )
    return sorted(found.items, key=_when)


def events_about(
    kubernetes: KubernetesClient, namespace: str, name: str, *, below: str
) -> list[Any]:
    """Those about what is called `name`, or as begins with `below`; oldest first."""
    return [
        event
        for event in events_of(kubernetes, namespace)
        if event.involved_object.name == name
        or (event.involved_object.name or "").startswith(below)
    ]


def told_about(
    kubernetes: KubernetesClient, namespace: str, name: str, *, below: str, most: int
) -> str:
    """The youngest of the same, as lines; where they may not be read, why."""
    try:
        about = events_about(kubernetes, namespace, name, below=below)
    except KubeflowError as error:
        return f"({error.message})"
    return describe_events(about[-most:])


def visible_events(
    kubernetes: KubernetesClient, namespace: str, *, kind: str, name: str
) -> list[Any]:
    """Those about one object, oldest first; none where they may not be read."""
    try:
        return events_of(kubernetes, namespace, kind=kind, name=name)
    except KubeflowError:
        return []


def message_of(event: Any) -> str:
    """What an event says, on one line."""
    return " ".join((event.message or "").split())


def last_refusal(
    events: list[Any],
    *,
    failed: frozenset[str] = frozenset({"FailedCreate"}),
    made: frozenset[str] = frozenset({"SuccessfulCreate"}),
) -> str:
    """Why pods cannot be made, by the events of what makes them, oldest first.

    Empty once one was made: what was said before has passed, and its event stays for an hour.
    `failed` and `made` are the reasons by which that maker tells both.
    """
    for number, event in enumerate(reversed(events)):
        if event.reason in made:
            return ""
        if event.reason in failed:
            before = events[: len(events) - 1 - number]
            was_made = any(one.reason in made for one in before if _when(one) == _when(event))
            return "" if was_made else message_of(event)
    return ""


def is_pulling(events: list[Any]) -> bool:
    """Whether the last that a pod's events, oldest first, say of its images is a pull that goes on.

    The kubelet shows why the pull before it failed for as long as the next one takes.
    """
    said = [event for event in events if event.reason in _PULLS]
    return (
        bool(said)
        and said[-1].reason == "Pulling"
        and all(_when(event) < _when(said[-1]) for event in said if event.reason != "Pulling")
    )


def describe_events(events: list[Any]) -> str:
    """One line an event: time, Normal or Warning, reason, object, how often, message."""
    return "\n".join(_line(event) for event in events)


def _when(event: Any) -> str:
    stamp = event.last_timestamp or event.event_time or event.metadata.creation_timestamp
    return stamp.isoformat() if stamp else ""


def _line(event: Any) -> str:
    about = event.involved_object
    times = f" (x{event.count})" if (event.count or 1) > 1 else ""
    return (
        f"{_when(event)[11:19]} {event.type} {event.reason} {about.kind}/{about.name}{times}: "
        f"{message_of(event)}"
    )
