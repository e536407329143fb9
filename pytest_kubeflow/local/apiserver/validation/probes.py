"""Probes and hooks of containers.

Wording: kubernetes/pkg/apis/core/validation.
"""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.local.apiserver.errors import Object
from pytest_kubeflow.local.apiserver.validation.causes import (
    Cause,
    bad,
    below,
    forbidden,
    negative,
    port_number,
    required,
)

_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
_NUMBERS = (
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
)


def probes(container: Object) -> Iterator[Cause]:
    """Those of a container."""
    hooks = container.get("lifecycle") or {}
    for name in ("postStart", "preStop"):
        if name in hooks:
            yield from below(f"lifecycle.{name}", _handler(hooks[name]))
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe = container.get(name)
        if probe is None:
            continue
        yield from below(name, _handler(probe))
        for field in _NUMBERS:
            yield from negative(f"{name}.{field}", probe.get(field))
        if name != "readinessProbe" and probe.get("successThreshold", 1) > 1:
            yield bad(f"{name}.successThreshold", probe["successThreshold"], "must be 1")


def _handler(probe: Object) -> Iterator[Cause]:
    given = [one for one in _HANDLERS if one in probe]
    if not given:
        yield required("", "must specify a handler type")
    for extra in given[1:]:
        yield forbidden(extra, "may not specify more than 1 handler type")
    if given[:1] == ["exec"] and not (probe["exec"] or {}).get("command"):
        yield required("exec.command")
    for name in ("httpGet", "tcpSocket"):
        if given[:1] == [name]:
            port = (probe[name] or {}).get("port")
            if port is None or port == "":
                yield required(f"{name}.port")
            elif isinstance(port, int):
                yield from port_number(f"{name}.port", port)
