"""The checks of the level `restricted`, as `baseline` has them."""

from __future__ import annotations

from pytest_kubeflow.local.apiserver.errors import Object
from pytest_kubeflow.local.apiserver.podsecurity.baseline import (
    UNCONFINED,
    Check,
    added,
    apparmor,
    host_namespaces,
    host_ports,
    host_probes,
    host_process,
    must_not_add,
    privileged,
    proc_mount,
    seccomp_type,
    selinux,
    sysctls,
    unconfined,
)
from pytest_kubeflow.local.apiserver.podsecurity.containers import (
    asking,
    counted,
    named,
    quoted,
    security,
    subjects,
    values,
)

_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
_CONFINED = ("RuntimeDefault", "Localhost")


def _escalation(spec: Object) -> str:
    bad = asking(spec, lambda one: security(one).get("allowPrivilegeEscalation") is not False)
    must = "must set securityContext.allowPrivilegeEscalation=false"
    return f"allowPrivilegeEscalation != false ({named(bad)} {must})" if bad else ""


def _dropped_capabilities(spec: Object) -> str:
    kept = asking(spec, lambda one: "ALL" not in (security(one, "capabilities").get("drop") or ()))
    bad = asking(spec, added({"NET_BIND_SERVICE"}))
    found = []
    if kept:
        found.append(f'{named(kept)} must set securityContext.capabilities.drop=["ALL"]')
    if bad:
        found.append(must_not_add(bad))
    return f"unrestricted capabilities ({'; '.join(found)})" if found else ""


def _restricted_volumes(spec: Object) -> str:
    bad = {
        one["name"]: [key for key in one if key not in {"name", *_VOLUMES}]
        for one in spec.get("volumes") or []
    }
    bad = {name: kinds for name, kinds in bad.items() if kinds}
    if not bad:
        return ""
    kinds = values(dict(bad))
    verb = "uses" if len(bad) == 1 else "use"
    what = f"restricted volume {counted('type', kinds)} {quoted(kinds)}"
    return f"restricted volume types ({counted('volume', bad)} {quoted(bad)} {verb} {what})"


def _non_root(spec: Object) -> str:
    pod = security(spec).get("runAsNonRoot")
    wrong = asking(spec, lambda one: security(one).get("runAsNonRoot") is False)
    # A container with a value of its own does not take the pod's.
    taken = asking(spec, lambda one: security(one).get("runAsNonRoot") is None)
    if pod is False or wrong:
        who = subjects(pod=pod is False, names=wrong)
        return f"runAsNonRoot != true ({who} must not set securityContext.runAsNonRoot=false)"
    if pod is None and taken:
        must = "must set securityContext.runAsNonRoot=true"
        return f"runAsNonRoot != true (pod or {named(taken)} {must})"
    return ""


def _non_root_user(spec: Object) -> str:
    def root(owner: Object) -> bool:
        user = security(owner).get("runAsUser")
        return user is not None and user == 0

    pod, bad = root(spec), asking(spec, root)
    if not pod and not bad:
        return ""
    return f"runAsUser=0 ({subjects(pod=pod, names=bad)} must not set runAsUser=0)"


def _restricted_seccomp(spec: Object) -> str:
    pod = seccomp_type(spec)
    taken = asking(spec, lambda one: seccomp_type(one) is None)
    bad = asking(spec, lambda one: seccomp_type(one) == UNCONFINED)
    if pod == UNCONFINED or bad:
        return unconfined(pod == UNCONFINED, bad)
    if pod is None and taken:
        must = f"must set securityContext.seccompProfile.type to {quoted(_CONFINED)}"
        return f"seccompProfile (pod or {named(taken)} {must.replace(', ', ' or ')})"
    return ""


RESTRICTED: tuple[Check, ...] = (
    _escalation,
    apparmor,
    _dropped_capabilities,
    host_namespaces,
    host_ports,
    host_probes,
    privileged,
    proc_mount,
    _restricted_volumes,
    _non_root,
    _non_root_user,
    selinux,
    _restricted_seccomp,
    sysctls,
    host_process,
)
