"""Who a container runs as: securityContext of pod and container, read together."""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kubelet.env import ConfigError
from pytest_kubeflow.local.spawner import Identity

# What container runtimes grant at most without `privileged`; this node, which shares a kernel and
# a network with its user's work, starts from none and grants of these what is asked for.
GRANTABLE = frozenset(
    {
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "NET_RAW",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    }
)


def identity(pod: Object, container: Object) -> Identity:
    """User, groups and capabilities. Raises ConfigError for what this node refuses."""
    pod_context = pod["spec"].get("securityContext") or {}
    context = container.get("securityContext") or {}

    def setting(name: str) -> Any:
        value = context.get(name)
        return pod_context.get(name) if value is None else value

    uid = setting("runAsUser") or 0
    if setting("runAsNonRoot") and uid == 0:
        raise ConfigError("container has runAsNonRoot and image will run as root")
    groups = list(pod_context.get("supplementalGroups") or [])
    if (group := pod_context.get("fsGroup")) is not None:
        groups.append(group)
    return Identity(
        uid=uid,
        gid=setting("runAsGroup") or 0,
        groups=groups,
        capabilities=_capabilities(context),
    )


def _capabilities(context: Object) -> list[str]:
    wanted = (context.get("capabilities") or {}).get("add") or []
    names = {str(name).upper().removeprefix("CAP_") for name in wanted}
    if "ALL" in names:
        names = set(GRANTABLE)
    if refused := sorted(names - GRANTABLE):
        raise ConfigError(f"capability {refused[0]} is not granted by this node")
    return sorted(names)
