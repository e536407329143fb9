"""Logins that lead nowhere: of Dex, of oauth2-proxy, of the AuthService before it.

They are an ordinary Kubeflow (oauth2-proxy before Dex before the pipelines) but for one thing.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.cluster.web import Answer, Asked

from .stub_kubeflow import (
    SESSION,
    gateway,
    html,
    redirect,
    text,
)


@gateway(
    r"^/dex/auth answers 503 'no healthy upstream': the gateway finds no pod of Dex",
    {"/dex/": text("no healthy upstream", 503)},
)
def dex_that_is_down() -> None: ...


@gateway(
    r"^/dex/auth answers 500 '.*Database error\.': Dex cannot use its database; see",
    {"/dex/auth": html("Internal Server Error Database error.", 500)},
)
def dex_without_its_database() -> None: ...


@gateway(
    r"^/dex/auth answers 400 '.*Unregistered redirect_uri .*': Dex does not know the",
    {"/dex/auth": html('Bad Request Unregistered redirect_uri ("/oauth2/callback").', 400)},
)
def redirect_uri_that_dex_does_not_know() -> None: ...


@gateway(
    r"^/dex/auth/local/login answers 400 '.*User session error\.': Dex has lost this log",
    {
        "/dex/auth/local/login": lambda asked: (
            html("Bad Request User session error.", 400) if asked.method == "POST" else None
        )
    },
)
def dex_that_forgets_logins() -> None: ...


@gateway(
    r"^/dex/auth/local/login answers 500 'x*\.\.\.': Dex fails; see kubectl -n auth",
    {"/dex/auth/local/login": text("x" * 5000, 500)},
)
def dex_that_fails_with_many_words() -> None: ...


@gateway(
    r"^/oauth2/start answers 503 'no healthy upstream': the gateway finds no pod of oaut",
    {"/oauth2/": text("no healthy upstream", 503), "/dex/": redirect("/oauth2/start")},
)
def oauth2_proxy_that_is_down() -> None: ...


IN_CLUSTER = "http://dex.auth.svc.cluster.local:5556"
IDP_ERROR = "Login Failed: The upstream identity provider returned an error"
CSRF = html("Forbidden Login Failed: Unable to find a valid CSRF token. Please try again.", 403)


@gateway(
    r"^oauth2-proxy does not get back the cookie that it set when the login began: no response of "
    r"the login has set it: .*headersToDownstreamOnDeny.*Failed: Unable to find a valid CSRF token",
    {"/oauth2/callback": CSRF},
)
def csrf_cookie_that_is_not_set() -> None: ...


def csrf_cookie(attributes: str) -> Callable[[Asked], Answer | None]:
    """Dex's first page, as if what leads to it had set that cookie."""
    cookie = f"oauth2_proxy_kubeflow_csrf=c; {attributes}"
    return lambda asked: (
        redirect("/dex/auth/local/login?state=s", Set_Cookie=cookie)
        if asked.path == "/dex/auth"
        else None
    )


@gateway(
    r"^oauth2-proxy does not get back the cookie.*: it was set and came back, and was not "
    r"understood: the replicas of oauth2-proxy have different cookie secrets \(compare",
    {"/oauth2/callback": CSRF, "/dex/auth": csrf_cookie("Path=/")},
)
def csrf_cookie_that_another_replica_does_not_know() -> None: ...


@gateway(
    r"^oauth2-proxy does not get back.*oauth2_proxy_kubeflow_csrf is for paths below /pipeline al",
    {"/oauth2/callback": CSRF, "/dex/auth": csrf_cookie("Path=/pipeline")},
)
def csrf_cookie_for_another_path() -> None: ...


@gateway(
    r"^oauth2-proxy does not get back.*oauth2_proxy_kubeflow_csrf is for the domain kf\.example\.c",
    {"/oauth2/callback": CSRF, "/dex/auth": csrf_cookie("Path=/; Domain=kf.example.com")},
)
def csrf_cookie_for_another_domain() -> None: ...


@gateway(
    r"^oauth2-proxy does not get back.*_csrf is over by this machine's clock \(Mon, 01 Jan 2001",
    {
        "/oauth2/callback": CSRF,
        "/dex/auth": csrf_cookie("Path=/; Expires=Mon, 01 Jan 2001 00:00:00 GMT"),
    },
)
def csrf_cookie_that_is_over_at_once() -> None: ...


@gateway(
    r"^oauth2-proxy does not get back.*: the cookie oauth2_proxy_kubeflow_csrf of \S+ is for https "
    r"only.*use an https URL in --kf-host.*Unable to find a valid CSRF token",
    {"/oauth2/callback": CSRF, "/dex/auth": csrf_cookie("Path=/; Secure")},
)
def csrf_cookie_for_https_alone() -> None: ...


@gateway(
    r"^/oauth2/callback answers 500 '.*Oops! Something went wrong.*': oauth2-proxy can"
    r"not redeem Dex's code",
    {"/oauth2/callback": html("Internal Server Error Oops! Something went wrong.", 500)},
)
def code_that_cannot_be_redeemed() -> None: ...


@gateway(
    r"Dex accepts the password, and the session is not kept: the cookie "
    r"oauth2_proxy_kubeflow of \S+ is for https only \(Secure\): use an https URL in --kf-host",
    {"/oauth2/callback": redirect("/", Set_Cookie=f"{SESSION}=planted-session; Path=/; Secure")},
)
def session_for_https_alone() -> None: ...


@gateway(
    r"Dex accepts the password, and the session is not kept: the cookie "
    r"oauth2_proxy_kubeflow is for the domain example\.com, to which 127\.0\.0\.1 does not belong",
    {
        "/oauth2/callback": redirect(
            "/", Set_Cookie=f"{SESSION}=planted-session; Path=/; Domain=.example.com"
        )
    },
)
def session_for_another_domain() -> None: ...


@gateway(
    r"the session is not kept: the cookie oauth2_proxy_kubeflow is over by this machine's "
    r"clock \(Mon, 01 Jan 2001 00:00:00 GMT\): compare the clocks",
    {
        "/oauth2/callback": redirect(
            "/",
            Set_Cookie=f"{SESSION}=planted; Path=/; Expires=Mon, 01 Jan 2001 00:00:00 GMT",
        )
    },
)
def session_that_is_over_at_once() -> None: ...


@gateway(
    r"Dex accepts the password, and the session is not kept: the gateway asks for another login .*"
    r"have different cookie secrets",
    {"/": lambda asked: redirect("/dex/auth") if asked.path == "/" else None},
)
def session_that_another_replica_does_not_know() -> None: ...


@gateway(
    r"/pipeline/\S+ answers 401 'Unauthorized': the gateway asks for another login with the",
    {"/pipeline/": text("Unauthorized", 401), "/apis/": text("Unauthorized", 401)},
)
def session_that_the_pipelines_do_not_get() -> None: ...


@gateway(
    r"redirects without end \(/ and /oauth2/start\)",
    {
        "/oauth2/start": redirect("/"),
        "/": lambda asked: redirect("/oauth2/start?rd=/") if asked.path == "/" else None,
    },
)
def login_and_gateway_that_lead_to_each_other() -> None: ...


@gateway(
    r"the login leads back to https://kubeflow\.example\.com, which is not --kf-host: .*redirect",
    {
        "/dex/auth/local/login": lambda asked: (
            redirect("https://kubeflow.example.com/oauth2/callback?code=planted&state=s")
            if asked.method == "POST"
            else None
        )
    },
)
def login_that_ends_at_another_host() -> None: ...


@gateway(
    r"^http://127\S+ sends to https://127\.0\.0\.1: use --kf-host=https://127\.0\.0\.1 \(a login",
    {"/": lambda asked: redirect("https://127.0.0.1/") if asked.path == "/" else None},
)
def login_that_goes_on_by_https() -> None: ...


@gateway(
    r"^the login leads to http://dex\.auth\.svc\.cluster\.local:5556, an address inside the "
    r"cluster: oauth2-proxy takes it from its issuer; set login_url = \"/dex/auth\"",
    {"/": lambda asked: redirect(f"{IN_CLUSTER}/dex/auth?a=b") if asked.path == "/" else None},
)
def login_that_leads_into_the_cluster() -> None: ...


@gateway(
    r"^/oauth2/callback answers 403 '.*error: login_required.*': Dex may not ask anybody.*prompt",
    {"/oauth2/callback": html(f"More Info {IDP_ERROR}: login_required Request ID: x Go back", 403)},
)
def dex_that_may_not_ask() -> None: ...


@gateway(
    r"^/oauth2/callback answers 403 '.*error: invalid_scope.*': Dex refuses oauth2-proxy's request",
    {"/oauth2/callback": html(f"More Info {IDP_ERROR}: invalid_scope Request ID: x Go back", 403)},
)
def dex_that_refuses_oauth2_proxy() -> None: ...


@gateway(
    r"^/oauth2/callback answers 403 'You do not have permission to access this resource\. Request "
    r"ID: x': oauth2-proxy does not accept this user",
    {
        "/oauth2/callback": html(
            "Forbidden More Info You do not have permission to access this resource. "
            "Request ID: x Go back Sign in",
            403,
        )
    },
)
def user_that_oauth2_proxy_does_not_let_in() -> None: ...


@gateway(
    r"^Dex accepts the password, and the session is not kept: the gateway asks for another login",
    {
        "/": lambda asked: (
            html('<form action="/oauth2/start"><button>Sign in with Dex</button></form>', 403)
            if asked.path == "/" and asked.cookies
            else None
        )
    },
)
def session_that_ends_at_the_sign_in_page() -> None: ...


@gateway(
    r"^/ answers 431: the session's cookies are too large for the gateway, .*session_store_type",
    {"/": lambda asked: text("", 431) if asked.path == "/" and asked.cookies else None},
)
def cookies_that_are_too_large() -> None: ...


@gateway(
    r"healthz answers 503 'OIDC Setup is not complete yet\.': oidc-authservice is not ready: it",
    {"/": text("OIDC Setup is not complete yet.", 503)},
)
def authservice_that_is_not_ready() -> None: ...


@gateway(
    r"healthz answers 500 'Failed to save state in store\.': oidc-authservice cannot write its",
    {"/": text("Failed to save state in store.", 500)},
)
def authservice_with_a_full_volume() -> None: ...


@gateway(
    r"/authservice/oidc/callback answers 400 'CSRF check failed': oidc-authservice does not get",
    {
        "/oauth2/callback": redirect("/authservice/oidc/callback?code=c"),
        "/authservice/": text("CSRF check failed", 400),
    },
)
def authservice_that_misses_its_cookie() -> None: ...
