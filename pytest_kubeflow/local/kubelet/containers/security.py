"""Who a container runs as: securityContext of pod and container, read together."""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kubelet.containers.env import ConfigError
from pytest_kubeflow.local.kubelet.images.catalogue import Image
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


def identity(pod: Object, container: Object, image: Image, system_calls: bytes) -> Identity:
    """User, groups, capabilities and `system_calls`, the filter of those that do without none.

    Raises ConfigError for what this node refuses.

    Rules and words of `runAsNonRoot`: kubernetes/kubernetes pkg/kubelet/kuberuntime
    (verifyRunAsNonRoot).
    """
    pod_context = pod["spec"].get("securityContext") or {}
    context = container.get("securityContext") or {}

    def setting(name: str) -> Any:
        value = context.get(name)
        return pod_context.get(name) if value is None else value

    asked, own = setting("runAsUser"), image.user.partition(":")
    if setting("runAsNonRoot") and (problem := _root(asked, own[0])):
        metadata = pod["metadata"]
        where = f'"{metadata["name"]}_{metadata["namespace"]}({metadata["uid"]})"'
        raise ConfigError(f"{problem} (pod: {where}, container: {container['name']})")
    uid, gid = _numbers(image, own[0], own[2]) if asked is None else (asked, 0)
    if (group := setting("runAsGroup")) is not None:
        gid = group
    groups = [gid, *(pod_context.get("supplementalGroups") or [])]
    if (group := pod_context.get("fsGroup")) is not None:
        groups.append(group)
    return Identity(
        uid=uid,
        gid=gid,
        groups=list(dict.fromkeys(groups)),
        capabilities=_capabilities(context),
        system_calls=_filtered(setting("seccompProfile") or {}, system_calls),
    )


def _filtered(profile: Object, system_calls: bytes) -> bytes:
    """What filters system calls: the runtime's profile by default, as with --seccomp-default."""
    if profile.get("type") == "Localhost":
        raise ConfigError(
            f"seccomp profile {profile.get('localhostProfile')} is not on this node, which has "
            "RuntimeDefault and Unconfined"
        )
    return b"" if profile.get("type") == "Unconfined" else system_calls


def _root(asked: int | None, user: str) -> str | None:
    """Why this is no user that `runAsNonRoot` accepts, if it is none."""
    if asked is not None:
        return "container's runAsUser breaks non-root policy" if asked == 0 else None
    if user and not user.isdecimal():
        return (
            f"container has runAsNonRoot and image has non-numeric user ({user}), cannot verify "
            "user is non-root"
        )
    return None if int(user or 0) else "container has runAsNonRoot and image will run as root"


def _numbers(image: Image, user: str, group: str) -> tuple[int, int]:
    """The ids of the image's user, by its own /etc/passwd and /etc/group."""
    uid, gid = _listed(image, "passwd", user or "0")
    return uid, _listed(image, "group", group)[0] if group else gid


def _listed(image: Image, file: str, name: str) -> tuple[int, int]:
    """Id and group of an entry; a number that has none is itself, in the group 0."""
    root = image.directory or image.root
    path = root / "etc" / file if root is not None else None
    lines = path.read_text().splitlines() if path is not None and path.is_file() else []
    for line in [*lines, "root:x:0:0"]:
        words = [*line.split(":"), "", "", "", ""]
        if name in (words[0], words[2]) and words[2].isdecimal():
            return int(words[2]), int(words[3]) if words[3].isdecimal() else 0
    if name.isdecimal():
        return int(name), 0
    what = "user" if file == "passwd" else "group"
    raise ConfigError(f"unable to find {what} {name}: no matching entries in {file} file")


def _capabilities(context: Object) -> list[str]:
    wanted = (context.get("capabilities") or {}).get("add") or []
    names = {str(name).upper().removeprefix("CAP_") for name in wanted}
    if "ALL" in names:
        names = set(GRANTABLE)
    if refused := sorted(names - GRANTABLE):
        raise ConfigError(f"capability {refused[0]} is not granted by this node")
    return sorted(names)
