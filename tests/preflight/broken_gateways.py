"""Gateways that do not let one in, each for a reason of its own, and the line that says which.

They are an ordinary Kubeflow (oauth2-proxy before Dex before the pipelines) but for one thing.
"""

from __future__ import annotations

from tests.cluster.web import Answer, Asked

from .stub_kubeflow import (
    RESET,
    document,
    gateway,
    inside,
    text,
)


@gateway(
    r"^/ answers 403 without a body: .*its external authorizer "
    r"\(oauth2-proxy\) does not respond; see kubectl -n oauth2-proxy get pods",
    {"/": text("", 403)},
)
def external_authorizer_that_is_down() -> None: ...


@gateway(
    r"/ answers 403 'RBAC: access denied': an AuthorizationPolicy of Istio allows no such request",
    {"/": text("RBAC: access denied", 403)},
)
def policy_that_allows_nobody() -> None: ...


@gateway(
    r"experiments answers 403 'RBAC: access denied': an AuthorizationPolicy of Istio allows no",
    {"/pipeline/apis/v2beta1/experiments": text("RBAC: access denied", 403)},
)
def policy_that_allows_nobody_at_the_pipelines() -> None: ...


@gateway(
    r"healthz answers 503 'upstream connect error .*reset reason: connection failure': the gateway "
    r"does not reach Kubeflow Pipelines",
    {"/": text(RESET, 503)},
)
def gateway_that_reaches_nothing() -> None: ...


@gateway(
    r"^behind \S+: /pipeline/\S+ answers 503 'upstream connect error .*: the gateway does not rea",
    {"/pipeline/": inside(text(RESET, 503)), "/apis/": inside(text("", 404))},
)
def pipelines_down_behind_the_login() -> None: ...


@gateway(
    r"lets us in, and has no Kubeflow Pipelines: /pipeline/\S+ answers 404; .*virtualservices",
    {"/pipeline/": inside(text("", 404)), "/apis/": inside(text("", 404))},
)
def platform_without_pipelines() -> None: ...


@gateway(
    r"experiments answers 401 'Jwt issuer is not configured': Istio trusts other issuers than this",
    {"/pipeline/apis/v2beta1/experiments": inside(text("Jwt issuer is not configured", 401))},
)
def issuer_that_istio_does_not_trust() -> None: ...


@gateway(
    r"http://127\S+ redirects to https://kubeflow\.example\.com, .*--kf-host=https://kubeflow\.exam",
    {"/": lambda asked: (301, {"Location": f"https://kubeflow.example.com{asked.path}"}, b"")},
)
def http_that_leads_to_https() -> None: ...


def _first_release(asked: Asked) -> Answer | None:
    if asked.path == "/pipeline/apis/v1beta1/healthz":
        return document({"commit_sha": "c", "tag_name": "1.8.5", "multi_user": True})
    return document({"error": "Not Found", "code": 5, "message": "Not Found"}, 404)


@gateway(
    r"this is Kubeflow Pipelines 1\.x \(1\.8\.5\): \S+/pipeline answers /apis/v1beta1/healthz and "
    r"not /apis/v2beta1/healthz; this plugin needs 2\.x",
    {
        "/pipeline/": lambda asked: _first_release(asked) if asked.cookies else None,
        "/apis/": inside(text("", 404)),
    },
)
def pipelines_of_the_first_release() -> None: ...


@gateway(
    r"this is Kubeflow Pipelines 1\.x \(1\.8\.5\): http://127\.0\.0\.1:\d+ answers /apis/v1beta1/",
    {
        "/apis/v1beta1/healthz": document({"tag_name": "1.8.5"}),
        "/": document({"error": "Not Found", "code": 5, "message": "Not Found"}, 404),
    },
)
def pipelines_of_the_first_release_at_the_top() -> None: ...


@gateway(
    r"experiments answers 401 '.*there is no user identity header\.': the request reaches the "
    r"pipelines API without the header that names the user: .*KUBEFLOW_USERID_HEADER",
    {
        "/pipeline/apis/v2beta1/experiments": document(
            {"code": 16, "message": "Request header error: there is no user identity header."}, 401
        )
    },
)
def user_header_of_another_name() -> None: ...
