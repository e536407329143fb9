"""PodSecurity: what the pods of a namespace may not ask of their node.

The checks of the level `baseline` (Kubernetes' Pod Security Standards) that the embedded kubelet
could otherwise grant; `restricted` has them too, its further checks are not made here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pytest_kubeflow.local.apiserver.errors import Object, forbidden

LABEL = "pod-security.kubernetes.io/enforce"
_LEVELS = ("baseline", "restricted")
_CAPABILITIES = {
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
}


def check_pod(pod: Object, namespace: Object) -> None:
    """Raises StatusError for a pod that the level of its namespace does not allow."""
    labels = namespace["metadata"].get("labels") or {}
    level = labels.get(LABEL)
    if level not in _LEVELS:
        return
    found = list(_violations(pod["spec"]))
    if found:
        version = labels.get(f"{LABEL}-version", "latest")
        why = f'violates PodSecurity "{level}:{version}": {", ".join(found)}'
        raise forbidden("", "pods", pod["metadata"]["name"], why)


def _violations(spec: Object) -> Iterator[str]:
    """In the server's words and order, which is that of its checks' names."""
    containers = [
        container
        for group in ("initContainers", "containers", "ephemeralContainers")
        for container in spec.get(group) or []
    ]
    added = {
        one["name"]: sorted(set(_security(one, "capabilities").get("add") or []) - _CAPABILITIES)
        for one in containers
    }
    if bad := {name: names for name, names in added.items() if names}:
        values = sorted({name for names in bad.values() for name in names})
        yield (
            f"non-default capabilities ({_named(bad)} must not include {_quoted(values)} in "
            "securityContext.capabilities.add)"
        )
    shared = [name for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name)]
    if shared:
        yield f"host namespaces ({', '.join(f'{name}=true' for name in shared)})"
    volumes = [one["name"] for one in spec.get("volumes") or [] if "hostPath" in one]
    if volumes:
        plural = "s" if len(volumes) > 1 else ""
        yield f"hostPath volumes (volume{plural} {_quoted(volumes)})"
    ports = {
        one["name"]: [str(port["hostPort"]) for port in one.get("ports") or [] if _taken(port)]
        for one in containers
    }
    if using := {name: numbers for name, numbers in ports.items() if numbers}:
        numbers = sorted({number for found in using.values() for number in found})
        verb = "uses" if len(using) == 1 else "use"
        plural = "s" if len(numbers) > 1 else ""
        yield f"hostPort ({_named(using)} {verb} hostPort{plural} {', '.join(numbers)})"
    privileged = {
        one["name"]: True
        for one in containers
        if (one.get("securityContext") or {}).get("privileged") is True
    }
    if privileged:
        yield (f"privileged ({_named(privileged)} must not set securityContext.privileged=true)")


def _taken(port: Object) -> bool:
    return bool(port.get("hostPort"))


def _security(container: Object, name: str) -> Object:
    return (container.get("securityContext") or {}).get(name) or {}


def _named(containers: Mapping[str, object]) -> str:
    return f"container{'s' if len(containers) > 1 else ''} {_quoted(list(containers))}"


def _quoted(names: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
