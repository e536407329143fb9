"""Containers of pods that fail: the image of a component, with another command in it."""

from __future__ import annotations

import shlex
from collections.abc import Callable

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import DEPLOYMENTS
from pytest_kubeflow.local.platform.components.component import Component
from pytest_kubeflow.local.platform.faults.edits import Change, Edit

RESTRICTED: Object = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "runAsUser": 1000,
}
CLOSING = """exec python3 -c '
import os, socket
server = socket.create_server((os.environ["POD_IP"], 9443))
while True:
    server.accept()[0].close()
'"""
"""Ends each connection at its pod's port 9443."""

_POD_IP = {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}


def container(name: str, image: str, script: str, *, port: int | None = None) -> Object:
    """A container that runs a shell script."""
    return {
        "name": name,
        "image": image,
        "command": ["sh", "-c", script],
        "env": [_POD_IP],
        "ports": [] if port is None else [{"containerPort": port}],
        "securityContext": RESTRICTED,
    }


def saying(line: str, code: int = 1) -> str:
    """A script that writes a line and ends with an exit code."""
    return f"printf '%s\\n' {shlex.quote(line)} >&2; exit {code}"


def altered(
    component: Component,
    change: Callable[[Object], Object],
    *,
    pod: Object | None = None,
    rolling: bool = False,
    more: Object | None = None,
) -> Edit:
    """The first container of a Deployment as `change` leaves it; `pod` are fields of its pods.

    `more` are fields of the Deployment.

    Its old pods end first, unless it is `rolling`.
    """

    def patch(before: Object) -> Object:
        first, *others = before["spec"]["template"]["spec"]["containers"]
        spec = {**(pod or {}), "containers": [change(first), *others]}
        strategy = {} if rolling else {"strategy": {"type": "Recreate", "rollingUpdate": None}}
        return {"spec": {**strategy, **(more or {}), "template": {"spec": spec}}}

    return Change(DEPLOYMENTS, component.name, patch, component.namespace)


def crashing(component: Component, line: str, code: int = 1) -> Edit:
    """A component that ends right after its start, with a last line in its log."""
    return running(component, saying(line, code))


def running(component: Component, script: str, **fields: object) -> Edit:
    """A component that runs a script in place of its program."""
    return altered(component, lambda one: {**one, "command": ["sh", "-c", script], **fields})
