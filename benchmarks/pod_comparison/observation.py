"""Observation: what of a pod's end is compared, without what has to differ (names, times, ids)."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from pytest_kubeflow.local.kube.client import Object

Facts = dict[str, object]
_VOLATILE = (
    (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "<uid>"),
    (r"\b[0-9a-f]{64}\b", "<id>"),
    (r"sha256:[0-9a-f]{12,}", "<digest>"),
    (r"\b\d{1,3}(\.\d{1,3}){3}(:\d+)?\b", "<ip>"),
    (r"\b\d+(\.\d+)?m?s\b", "<time>"),
    (r"kube-api-access-[a-z0-9]+", "kube-api-access"),
    (r"\[\d\d/\w{3}/\d{4} [\d:]+\]", "<time>"),
    (r"\.\.\d{4}_\d\d_\d\d_\d\d_\d\d_\d\d\.\d+", "..<time>"),
    (r"\bdocker\.io/(library/)?", ""),
)
# Conditions of other nodes' own, which a comparison of two kubelets does not need.
_CONDITIONS = (
    "PodReadyToStartContainers",
    "Initialized",
    "Ready",
    "ContainersReady",
    "PodScheduled",
    "DisruptionTarget",
)


def facts(pod: Object, events: Sequence[Object], logs: dict[str, str], node: str) -> Facts:
    """All that is compared; a value is a string, a number or a list of them."""
    status, metadata = pod["status"], pod["metadata"]

    def plain(text: object) -> str:
        words = str(text)
        for own, shown in ((metadata["namespace"], "<namespace>"), (node, "<node>")):
            words = words.replace(own, shown)
        for pattern, shown in _VOLATILE:
            words = re.sub(pattern, shown, words)
        return words.strip()

    found: Facts = {"phase": status.get("phase", ""), "qosClass": status.get("qosClass", "")}
    for name in ("reason", "message"):
        found[name] = plain(status.get(name) or "")
    conditions = {one["type"]: one for one in status.get("conditions") or []}
    for name in _CONDITIONS:
        one = conditions.get(name)
        if one is not None:
            found[f"condition {name}"] = f"{one['status']} {one.get('reason') or ''}".strip()
            found[f"condition {name}: message"] = plain(one.get("message") or "")
    for kind in ("init", "", "ephemeral"):
        field = f"{kind}ContainerStatuses" if kind else "containerStatuses"
        for one in status.get(field) or []:
            _container(found, f"{kind} {one['name']}".strip(), one, plain)
    order: list[str] = []
    # The scheduler's event is written beside the kubelet's: only the order of those is a kubelet's.
    for event in sorted(events, key=lambda one: one["reason"] != "Scheduled"):
        words = f"{event['type'][0]} {event['reason']}"
        if words not in order:
            order.append(words)
        told = found.setdefault(f"event {event['reason']}", [])
        if isinstance(told, list) and (message := plain(event.get("message") or "")) not in told:
            told.append(message)
    found["events"] = order
    for container, text in logs.items():
        _seen(found, container, text, plain)
    return found


def _container(found: Facts, name: str, status: Object, plain: object) -> None:
    assert callable(plain)
    for field in ("state", "lastState"):
        if field == "lastState" and "terminated" in (status.get("state") or {}):
            continue  # whether a run before the last one is known is the garbage collection's doing
        ((kind, state),) = (status.get(field) or {"": {}}).items()
        text = f"{kind} {state.get('reason') or ''}".strip()
        if "exitCode" in state:
            text += f" {state['exitCode']}"
        if state.get("signal"):
            text += f" signal {state['signal']}"
        found[f"{name}: {field}"] = text
        found[f"{name}: {field} message"] = plain(state.get("message") or "")
    for field in ("restartCount", "ready", "started"):
        found[f"{name}: {field}"] = status.get(field)


def _seen(found: Facts, container: str, text: str, plain: object) -> None:
    assert callable(plain)
    first, _, _ = text.partition("\n")
    try:
        seen = json.loads(first)
    except ValueError:
        seen = None
    if not isinstance(seen, dict):
        found[f"{container}: log"] = plain(text[:2000])
        return
    for key, value in seen.items():
        shown = [plain(one) for one in value] if isinstance(value, list) else plain(value)
        found[f"{container} sees {plain(key)}"] = shown
