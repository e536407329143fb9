"""The checks of the level `baseline`: each says what is wrong with a pod's spec, or nothing.

A server names what it finds in the order of the checks' own names, as they stand in the list.
"""

from __future__ import annotations

from collections.abc import Callable

from pytest_kubeflow.local.apiserver.errors import Object
from pytest_kubeflow.local.apiserver.podsecurity.containers import (
    asking,
    containers,
    counted,
    named,
    quoted,
    security,
    subjects,
    values,
)

Check = Callable[[Object], str]

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
_SYSCTLS = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
}
_SELINUX_TYPES = {"", "container_engine_t", "container_init_t", "container_kvm_t", "container_t"}
UNCONFINED = "Unconfined"


def apparmor(spec: Object) -> str:
    def profile(owner: Object) -> bool:
        return bool(security(owner, "appArmorProfile").get("type") == UNCONFINED)

    pod, bad = profile(spec), asking(spec, profile)
    if not pod and not bad:
        return ""
    who = subjects(pod=pod, names=bad)
    return f'forbidden AppArmor profile ({who} must not set AppArmor profile type to "Unconfined")'


def added(allowed: set[str]) -> Callable[[Object], list[str]]:
    return lambda one: sorted(set(security(one, "capabilities").get("add") or ()) - allowed)


def must_not_add(bad: dict[str, object]) -> str:
    where = "securityContext.capabilities.add"
    return f"{named(bad)} must not include {quoted(values(bad))} in {where}"


def _capabilities(spec: Object) -> str:
    bad = asking(spec, added(_CAPABILITIES))
    return f"non-default capabilities ({must_not_add(bad)})" if bad else ""


def host_namespaces(spec: Object) -> str:
    shared = [f"{key}=true" for key in ("hostNetwork", "hostPID", "hostIPC") if spec.get(key)]
    return f"host namespaces ({', '.join(shared)})" if shared else ""


def _host_paths(spec: Object) -> str:
    found = [one["name"] for one in spec.get("volumes") or [] if "hostPath" in one]
    return f"hostPath volumes ({counted('volume', found)} {quoted(found)})" if found else ""


def host_ports(spec: Object) -> str:
    def ports(container: Object) -> list[str]:
        return [str(one["hostPort"]) for one in container.get("ports") or [] if one.get("hostPort")]

    bad = asking(spec, ports)
    if not bad:
        return ""
    numbers = values(bad)
    verb = "uses" if len(bad) == 1 else "use"
    return f"hostPort ({named(bad)} {verb} {counted('hostPort', numbers)} {', '.join(numbers)})"


def host_probes(spec: Object) -> str:
    def hosts(container: Object) -> list[str]:
        hooks = container.get("lifecycle") or {}
        handlers = [
            *(container.get(f"{kind}Probe") for kind in ("liveness", "readiness", "startup")),
            *(hooks.get(when) for when in ("postStart", "preStop")),
        ]
        actions = [
            one.get(way) or {} for one in handlers if one for way in ("httpGet", "tcpSocket")
        ]
        loopback = {"", "127.0.0.1", "::1"}
        return [action["host"] for action in actions if action.get("host", "") not in loopback]

    bad = asking(spec, hosts)
    if not bad:
        return ""
    found = values(bad)
    verb = "uses" if len(bad) == 1 else "use"
    where = f"probe or lifecycle {counted('host', found)} {quoted(found)}"
    return f"probe or lifecycle host ({named(bad)} {verb} {where})"


def privileged(spec: Object) -> str:
    bad = asking(spec, lambda one: security(one).get("privileged"))
    return f"privileged ({named(bad)} must not set securityContext.privileged=true)" if bad else ""


def proc_mount(spec: Object) -> str:
    def unusual(container: Object) -> list[str]:
        found = security(container).get("procMount") or "Default"
        return [] if found == "Default" else [found]

    bad = asking(spec, unusual)
    must = f"must not set securityContext.procMount to {quoted(values(bad))}"
    return f"procMount ({named(bad)} {must})" if bad else ""


def selinux(spec: Object) -> str:
    def options(owner: Object) -> Object:
        return security(owner, "seLinuxOptions")

    def wrong(owner: Object) -> bool:
        found = options(owner)
        bad_type = (found.get("type") or "") not in _SELINUX_TYPES
        return bad_type or bool(found.get("user") or found.get("role"))

    pod, bad = wrong(spec), asking(spec, wrong)
    if not pod and not bad:
        return ""
    owners = [spec, *containers(spec)]
    types = sorted({options(one).get("type") or "" for one in owners} - _SELINUX_TYPES)
    complaints = [f"{counted('type', types)} {quoted(types)}"] if types else []
    for key in ("user", "role"):
        if any(options(one).get(key) for one in owners):
            complaints.append(f"{key} may not be set")
    what = f"forbidden securityContext.seLinuxOptions: {'; '.join(complaints)}"
    return f"seLinuxOptions ({subjects(pod=pod, names=bad)} set {what})"


def seccomp_type(owner: Object) -> str | None:
    found: str | None = security(owner, "seccompProfile").get("type")
    return found


def unconfined(pod: bool, bad: dict[str, object]) -> str:
    who = subjects(pod=pod, names=bad)
    where = "securityContext.seccompProfile.type"
    return f'seccompProfile ({who} must not set {where} to "Unconfined")'


def _seccomp(spec: Object) -> str:
    pod = seccomp_type(spec) == UNCONFINED
    bad = asking(spec, lambda one: seccomp_type(one) == UNCONFINED)
    return unconfined(pod, bad) if pod or bad else ""


def sysctls(spec: Object) -> str:
    found = [one["name"] for one in security(spec).get("sysctls") or []]
    bad = [name for name in found if name not in _SYSCTLS]
    return f"forbidden sysctls ({', '.join(bad)})" if bad else ""


def host_process(spec: Object) -> str:
    def host(owner: Object) -> bool:
        return bool(security(owner, "windowsOptions").get("hostProcess"))

    pod, bad = host(spec), asking(spec, host)
    must = "must not set securityContext.windowsOptions.hostProcess=true"
    return f"hostProcess ({subjects(pod=pod, names=bad)} {must})" if pod or bad else ""


BASELINE: tuple[Check, ...] = (
    apparmor,
    _capabilities,
    host_namespaces,
    _host_paths,
    host_ports,
    host_probes,
    privileged,
    proc_mount,
    selinux,
    _seccomp,
    sysctls,
    host_process,
)
