"""A pod's /etc/hosts: its own names, and those of Services, as there is no DNS server here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pytest_kubeflow.local.kube.client import Object

_HEAD = (
    "# Kubernetes-managed hosts file.",
    "127.0.0.1\tlocalhost",
    "::1\tlocalhost ip6-localhost ip6-loopback",
    "fe00::0\tip6-localnet",
    "fe00::0\tip6-mcastprefix",
    "fe00::1\tip6-allnodes",
    "fe00::2\tip6-allrouters",
)


def hostname_of(pod: Object) -> str:
    """The pod's host name."""
    return str(pod["spec"].get("hostname") or pod["metadata"]["name"])


def hosts_file(pod: Object, ip: str, names: Iterable[tuple[str, Sequence[str]]]) -> str:
    """The whole text for a pod at the address `ip`; `names` are those of the cluster."""
    lines = [*_HEAD, f"{ip}\t{_own_names(pod)}"]
    lines += [f"{address}\t{' '.join(called)}" for address, called in names]
    for alias in pod["spec"].get("hostAliases") or []:
        lines.append(f"{alias['ip']}\t{' '.join(alias.get('hostnames') or [])}")
    return "\n".join([*lines, ""])


def _own_names(pod: Object) -> str:
    hostname = hostname_of(pod)
    if subdomain := pod["spec"].get("subdomain"):
        domain = f"{subdomain}.{pod['metadata']['namespace']}.svc.cluster.local"
        return f"{hostname}.{domain}\t{hostname}"
    return hostname
