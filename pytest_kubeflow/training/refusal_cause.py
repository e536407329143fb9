"""Why a controller cannot make a part of a training job, in one sentence, from its words.

Seen in: kubeflow/community-distribution#3322, #3396 (JobSet's webhook behind a sidecar).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pytest_kubeflow.k8s.admission import refusal

_WEBHOOK = re.compile(r'failed calling webhook "(?P<name>[^"]+)"')
_JOBSET = re.compile(r"[mv]jobset\.kb\.io|[mv]pod\.kb\.io")
_NO_KIND = re.compile(r'no matches for kind "(?P<kind>\w+)"')
_INVALID = re.compile(r" is invalid: \S| failed validation because ")
_CERTIFICATE = re.compile(r"x509:|certificate")
_REFUSED = re.compile(r"connection refused|no endpoints available|service \"[^\"]+\" not found")

_JOBSET_LOOK = "kubectl -n kubeflow-system get deploy,endpoints jobset-controller-manager"
_PORTS = 'traffic.sidecar.istio.io/excludeInboundPorts: "9443"'


@dataclass(frozen=True, slots=True)
class RefusalCause:
    """`message`: the sentence, "" where the words say it all. `passing`: it may end by itself."""

    message: str
    passing: bool
    is_outage: bool = False
    """Whether it is somebody who does not answer, and not a rule."""


def cause_of(words: str) -> RefusalCause:
    """What is behind these words."""
    if (webhook := _WEBHOOK.search(words)) is not None:
        return RefusalCause(_of_webhook(webhook["name"], words), passing=True, is_outage=True)
    if (kind := _NO_KIND.search(words)) is not None:
        return RefusalCause(
            f"the API server does not know the kind {kind['kind']}: its CustomResourceDefinition "
            "is missing",
            passing=True,
            is_outage=True,
        )
    if _INVALID.search(words):
        return RefusalCause("", passing=False)
    rule = refusal(403, words, pod=True)
    if rule is None:
        return RefusalCause("", passing=True)
    message = f"it is {rule.rule} that refuses it"
    if not rule.passing:
        message += ": ask for other resources (requests=, limits=), or have the rule changed"
    return RefusalCause(message, rule.passing)


def _of_webhook(name: str, words: str) -> str:
    what = f"the admission webhook {name} does not answer"
    if _CERTIFICATE.search(words):
        what = f"the API server does not trust the certificate of the admission webhook {name}"
    if not _JOBSET.search(name):
        return what
    if _CERTIFICATE.search(words):
        return f"{what}, which is JobSet's: restart jobset-controller-manager ({_JOBSET_LOOK})"
    if _REFUSED.search(words):
        return f"{what}, which is JobSet's: does jobset-controller-manager run? ({_JOBSET_LOOK})"
    return (
        f"{what}, which is JobSet's: its pods are behind a sidecar of the mesh that the API server "
        "cannot get through (KF204 jobset-webhook-behind-sidecar: they need the annotation "
        f"{_PORTS}, or no sidecar), or jobset-controller-manager does not run ({_JOBSET_LOOK})"
    )
