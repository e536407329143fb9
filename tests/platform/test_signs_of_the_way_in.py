"""The words by which faults of webhooks, certificates, mesh, login and web apps are known."""

from __future__ import annotations

import re

import pytest

from pytest_kubeflow.platform.catalogue import (
    FAULTS,
    applications,
    certificates,
    login,
    mesh,
    webhooks,
)

CALL = 'Internal error occurred: failed calling webhook "pods.katib.kubeflow.org": failed to call '
CALL += 'webhook: Post "https://katib-controller.kubeflow.svc:443/mutate-pod?timeout=10s": '
JOBSET = CALL.replace("pods.katib.kubeflow.org", "mjobset.kb.io")
REFUSED = f"{CALL}dial tcp 10.0.0.1:8443: connect: connection refused"
"""What kube-proxy does where there is no endpoint, and a pod that does not listen."""

LINES = {
    "KF201": [f'{CALL}service "katib-controller" not found'],
    "KF202": [f'{CALL}no endpoints available for service "katib-controller"', REFUSED],
    "KF203": [f"{CALL}context deadline exceeded"],
    "KF204": [f"{JOBSET}EOF", f"{JOBSET}context deadline exceeded"],
    "KF205": [
        f"{CALL}tls: failed to verify certificate: x509: certificate signed by unknown authority"
    ],
    "KF206": [f"{CALL}unable to load root certificates: unable to parse bytes as PEM block"],
    "KF208": [
        REFUSED,
        f"{CALL}the server could not find the requested resource",
    ],
    "KF223": [f"{CALL}x509: certificate has expired or is not yet valid: current time 2026"],
    "KF224": [
        f"{CALL}x509: certificate is valid for a.b.svc, not katib-controller.kubeflow.svc",
        f"{CALL}x509: certificate relies on legacy Common Name field, use SANs instead",
    ],
    "KF228": ["tls: failed to find any PEM data in certificate input"],
    "KF301": [
        "upstream connect error or disconnect/reset before headers. reset reason: connection "
        "failure, transport failure reason: TLS_error:|268435703:SSL routines:"
        "OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end"
    ],
    "KF303": ["401: Jwt issuer is not configured"],
    "KF304": ["Jwks doesn't have key to match kid or alg from Jwt"],
    "KF312": [
        "the dashboard's API does not open for Dex login as a@example.com: 403: RBAC: access denied"
    ],
    "KF313": ['{"success": false, "log": "No user detected.", "status": 401}'],
    "KF901": ["Could not find CSRF cookie XSRF-TOKEN in the request. http://kubeflow/jupyter/api"],
    "KF905": ["update rejected: deploymentMode cannot be changed from 'Knative' to 'Serverless'"],
}
NEAR_MISSES = (
    'pods "a" is forbidden: error looking up service account a: service account "a" not found',
    'admission webhook "pods.katib.kubeflow.org" denied the request: no',
    'Get "https://10.0.0.1:443/api": context deadline exceeded',
    "dial tcp 10.0.0.1:8443: connect: connection refused",
    "x509: certificate signed by unknown authority",
    "tls: failed to verify certificate: x509: certificate has expired or is not yet valid",
    "x509: certificate is valid for a.b.svc, not c.d.svc",
    "upstream connect error or disconnect/reset before headers. delayed connect error: 111",
    "Jwt is expired",
    "Jwks remote fetch is failed",
    "RBAC: access denied",
    "no healthy upstream",
    "update rejected: deploymentMode cannot be changed from 'Serverless' to 'RawDeployments'",
    "CSRF cookie does not match the header",
)
OURS = {
    one.code
    for group in (webhooks, certificates, mesh, login, applications)
    for one in group.FAULTS
}


def _known(line: str) -> list[str]:
    return [
        code
        for code, fault in FAULTS.items()
        if code in OURS and any(re.search(sign, line) for sign in fault.signs)
    ]


@pytest.mark.parametrize(("code", "line"), [(one, two) for one in LINES for two in LINES[one]])
def test_a_line_tells_its_fault_and_no_other(code: str, line: str) -> None:
    found = ["KF202", "KF208"] if line == REFUSED else [code]  # which one, the cluster shows
    assert _known(line) == found


@pytest.mark.parametrize("line", NEAR_MISSES)
def test_a_line_that_others_say_as_well_tells_none(line: str) -> None:
    assert _known(line) == []


def test_each_sign_has_a_line() -> None:
    for code in OURS:
        for sign in FAULTS[code].signs:
            assert any(re.search(sign, line) for line in LINES.get(code, ())), (code, sign)
