"""Login: whether the gateway lets in whom it should, and tells the web apps who it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_kubeflow.platform.catalogue.login import (
    DASHBOARD_ACCESS_DENIED,
    DEFAULT_PASSWORD_VALID,
    ISSUER_NOT_CONFIGURED,
    JWKS_KEY_UNKNOWN,
    JWKS_PROXY_CRASHING,
    USER_NOT_DETECTED,
)
from pytest_kubeflow.platform.checks.mesh.mutual_tls import ROOT
from pytest_kubeflow.platform.checks.mesh.policies import is_gateway_refused
from pytest_kubeflow.platform.fault import Fault
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.routes import objects_at
from pytest_kubeflow.platform.snapshot import Snapshot
from pytest_kubeflow.platform.snapshot.fields import condition, items, name_of, number, text
from pytest_kubeflow.platform.snapshot.kind import PODS, REQUEST_AUTHENTICATIONS
from pytest_kubeflow.platform.snapshot.observations import GatewayPage

ENV_INFO = "/api/workgroup/env-info"
"""Where the dashboard tells who the user is, and what namespaces there are for them."""

_LOGIN = "login"
_JWKS_PROXY = "cluster-jwks-proxy"
_OF_THE_CLUSTER = re.compile(r"cluster-jwks-proxy|//kubernetes\.default")
_OFTEN = 3


def check_login(snapshot: Snapshot) -> Iterator[Finding]:
    """Tokens and their issuers, the user's name, the default password."""
    yield from _issuers(snapshot)
    yield from _unknown_key(snapshot)
    yield from _jwks_proxy(snapshot)
    yield from _dashboard(snapshot)
    yield from _user(snapshot)
    if message := snapshot.observed.default_password:
        yield _finding(
            DEFAULT_PASSWORD_VALID,
            f"the password of the example installation is valid for user@example.com: {message}",
            DEFAULT_PASSWORD_VALID.fix,
        )


def _issuers(snapshot: Snapshot) -> Iterator[Finding]:
    rules = [
        (policy, rule)
        for policy in snapshot.within(REQUEST_AUTHENTICATIONS, ROOT)
        for rule in items(policy, "spec", "jwtRules")
    ]
    trusted = {text(rule, "issuer") for _, rule in rules}
    listed = ", ".join(sorted(trusted)) or "none"
    sent = snapshot.observed.claims.get("iss")
    fix = (
        "kubectl get --raw /.well-known/openid-configuration   # issuer\n"
        f"kubectl -n {ROOT} edit requestauthentication m2m-token-issuer   # spec.jwtRules"
    )
    if isinstance(sent, str) and rules and sent not in trusted:
        yield _finding(
            ISSUER_NOT_CONFIGURED,
            f"this session's token is issued by {sent}, and the gateway trusts {listed}",
            fix,
        )
        return
    issuer = snapshot.observed.issuer
    for policy, rule in rules:
        found = f"{text(rule, 'jwksUri')} {text(rule, 'issuer')}"
        is_m2m = text(policy, "metadata", "name") == "m2m-token-issuer"
        if not issuer or issuer in trusted or not (is_m2m or _OF_THE_CLUSTER.search(found)):
            continue
        yield _finding(
            ISSUER_NOT_CONFIGURED,
            f"the API server issues tokens as {issuer}, and RequestAuthentication "
            f"{name_of(policy)} trusts {text(rule, 'issuer') or 'nobody'}: tokens of service "
            "accounts are refused",
            fix,
            objects=(f"RequestAuthentication {name_of(policy)}",),
        )
        return
    if found := _refusal_with(snapshot, "Jwt issuer is not configured"):
        yield _finding(ISSUER_NOT_CONFIGURED, found, fix)


def _unknown_key(snapshot: Snapshot) -> Iterator[Finding]:
    if found := _refusal_with(snapshot, "Jwks doesn't have key to match kid"):
        yield _finding(
            JWKS_KEY_UNKNOWN,
            found,
            f"kubectl -n {ROOT} rollout restart deployment istiod",
        )


def _jwks_proxy(snapshot: Snapshot) -> Iterator[Finding]:
    for pod in snapshot.within(PODS, ROOT):
        if not text(pod, "metadata", "name").startswith(f"{_JWKS_PROXY}-"):
            continue
        if text(condition(pod, "Ready"), "status") == "True":
            continue
        for status in items(pod, "status", "containerStatuses"):
            waiting = text(status, "state", "waiting", "reason")
            restarts = number(status, "restartCount") or 0
            if waiting == "CrashLoopBackOff" or restarts >= _OFTEN:
                yield _finding(
                    JWKS_PROXY_CRASHING,
                    f"pod {name_of(pod)}, which gives the gateway the cluster's keys, does not "
                    f"stay up: {restarts} restarts",
                    JWKS_PROXY_CRASHING.fix,
                    evidence=(text(status, "lastState", "terminated", "message") or waiting,),
                    objects=(f"Pod {name_of(pod)}", f"Deployment {ROOT}/{_JWKS_PROXY}"),
                )
                return


def _dashboard(snapshot: Snapshot) -> Iterator[Finding]:
    page = snapshot.observed.pages.get(ENV_INFO)
    if page is None:
        return
    refused = page.status == 403
    failed = page.status >= 500 and "json" in page.media_type
    if failed or (refused and not is_gateway_refused(snapshot)):
        yield _finding(
            DASHBOARD_ACCESS_DENIED,
            _answers(ENV_INFO, page),
            "kubectl get authorizationpolicies -A\n"
            "kubectl -n kubeflow get pods   # then logs of the dashboard and of profiles",
            objects=objects_at(snapshot, ENV_INFO),
        )


def _user(snapshot: Snapshot) -> Iterator[Finding]:
    if found := _refusal_with(snapshot, "No user detected"):
        yield _finding(
            USER_NOT_DETECTED,
            found,
            "kubectl -n istio-system get requestauthentications -o yaml   # outputClaimToHeaders\n"
            "kubectl -n oauth2-proxy get configmaps -o yaml   # upstreams must be static://200",
        )


def _refusal_with(snapshot: Snapshot, words: str) -> str:
    """The first response that refuses us with these words, or the login that ended so."""
    for path, page in snapshot.observed.pages.items():
        if page.status in {401, 403} and words in page.text:
            return _answers(path, page)
    return next((f"{one.what}: {one.why}" for one in snapshot.unseen if words in one.why), "")


def _answers(path: str, page: GatewayPage) -> str:
    return f"the gateway answers {page.status} at {path}: {page.text or 'nothing'}"


def _finding(
    fault: Fault,
    sentence: str,
    fix: str,
    *,
    evidence: tuple[str, ...] = (),
    objects: tuple[str, ...] = (),
) -> Finding:
    return Finding(
        fault=fault,
        component=_LOGIN,
        sentence=sentence,
        fix=fix,
        evidence=tuple(one for one in evidence if one),
        severity=fault.severity,
        objects=objects,
    )
