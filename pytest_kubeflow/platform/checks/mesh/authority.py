"""The mesh's authority: until when proxies can believe each other."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.platform.catalogue.certificates import (
    CERTIFICATE_EXPIRED,
    CERTIFICATE_EXPIRES_SOON,
)
from pytest_kubeflow.platform.certificate import NoCertificateError, read_pem
from pytest_kubeflow.platform.checks.mesh.mutual_tls import ROOT
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.snapshot import Snapshot
from pytest_kubeflow.platform.snapshot.fields import pairs
from pytest_kubeflow.platform.snapshot.kind import CONFIG_MAPS

_CONFIG_MAP, _KEY = "istio-ca-root-cert", "root-cert.pem"
"""What istiod hands out: its root, without any key."""

_FIX = f"""# where Istio signs for itself; else put a new authority into Secret cacerts
kubectl -n {ROOT} delete secret istio-ca-secret
kubectl -n {ROOT} rollout restart deployment istiod
kubectl get namespaces -l istio-injection=enabled   # then restart all workloads in them"""


def check_mesh_authority(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether one of Istio's roots is valid for a while: while one is replaced there are two."""
    config = snapshot.named(CONFIG_MAPS, _CONFIG_MAP, ROOT)
    try:
        roots = read_pem(pairs(config, "data").get(_KEY, ""))
    except NoCertificateError:
        return
    last = max(roots, key=lambda one: one.ends)
    if not (last.has_ended(snapshot.taken) or last.ends_soon(snapshot.taken)):
        return
    ended = last.has_ended(snapshot.taken)
    fault = CERTIFICATE_EXPIRED if ended else CERTIFICATE_EXPIRES_SOON
    yield Finding(
        fault=fault,
        component="istio",
        severity=fault.severity,
        sentence=f"the root of the mesh (ConfigMap {ROOT}/{_CONFIG_MAP}, {last.subject}) "
        f"{'ended' if ended else 'ends'} at {last.ends:%Y-%m-%d %H:%M} UTC: from then on no proxy "
        "believes another",
        fix=_FIX,
        evidence=(f"issued by {last.issuer}",),
        objects=(f"ConfigMap {ROOT}/{_CONFIG_MAP}",),
    )
