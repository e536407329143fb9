"""Gateways that do not let one in, each for a reason of its own, and the line that says which.

They are an ordinary Kubeflow (oauth2-proxy before Dex before the pipelines) but for one thing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.remote import Remote
from tests.cluster.web import Answer, Asked, application

from .broken import USER, Given, good, in_clear, setup

Change = Answer | Callable[[Asked], Answer | None]
"""What is answered instead below a path; None leaves it as it is."""

HTML = {"Content-Type": "text/html; charset=utf-8"}
FORM = (
    "<html><head><title>dex</title></head><body>{told}"
    '<form method="post" action="/dex/auth/local/login?state=s">'
    '<input name="login"><input name="password" type="password"></form></body></html>'
)
SESSION = "oauth2_proxy_kubeflow"
RESET = (
    "upstream connect error or disconnect/reset before headers. reset reason: connection failure"
)


def text(words: str, status: int) -> Answer:
    """As Envoy says it."""
    return status, {"Content-Type": "text/plain"} if words else {}, words.encode()


def html(words: str, status: int = 200) -> Answer:
    return status, HTML, f"<html><body><h1>{status}</h1><p>{words}</p></body></html>".encode()


def document(body: object, status: int = 200) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(body).encode()


def redirect(target: str, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return 302, {"Location": target, **named}, b""


def ordinary(asked: Asked) -> Answer:
    """A Kubeflow that lets in who knows the password."""
    known = asked.cookies.get(SESSION) == "planted-session"
    match asked.path:
        case "/dex/auth":
            return redirect("/dex/auth/local/login?state=s")
        case "/dex/auth/local/login" if asked.method == "GET":
            return 200, HTML, FORM.format(told="").encode()
        case "/dex/auth/local/login" if asked.form.get("password") != "12341234":
            return 401, HTML, FORM.format(told="Invalid Email Address and password.").encode()
        case "/dex/auth/local/login":
            return 303, {"Location": "/oauth2/callback?code=c&state=s"}, b""
        case "/oauth2/callback":
            return redirect("/", Set_Cookie=f"{SESSION}=planted-session; Path=/; HttpOnly")
        case path if known and path.endswith("healthz"):
            return document({"multi_user": True})
        case path if known and "/apis/" in path:
            return document({})
        case _ if known:
            return html("Central Dashboard")
        case path if "/apis/" in path:
            return text("Unauthorized", 401)
    return redirect("/dex/auth?client_id=kubeflow&state=s")


@contextmanager
def kubeflow(changes: Mapping[str, Change] | None = None) -> Iterator[str]:
    """Its URL, with these changes below these paths; the first path that fits counts."""

    def answer(asked: Asked) -> Answer:
        for path, change in (changes or {}).items():
            if asked.path.startswith(path):
                changed = change(asked) if callable(change) else change
                if changed is not None:
                    return changed
        return ordinary(asked)

    with application(answer) as port:
        yield f"http://127.0.0.1:{port}"


def gateway(verdict: str, changes: Mapping[str, Change]) -> Callable[..., None]:
    """A set-up with a Kubeflow that is changed so."""

    def named(name: Callable[[], None]) -> None:
        def broken(remote: Remote, _: Path) -> Iterator[Given]:
            with kubeflow(changes) as host:
                yield good(remote, host=host), in_clear(remote)

        broken.__name__ = name.__name__
        setup(verdict)(broken)

    return named


def inside(answer: Answer) -> Callable[[Asked], Answer | None]:
    """For those alone who have a session."""
    return lambda asked: answer if asked.cookies.get(SESSION) else None


# Istio.


@gateway(
    r"the login at \S+ broke off: / answers 403 without a body: .*its external authorizer "
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


# Dex.


@gateway(
    r"broke off: /dex/auth answers 503 'no healthy upstream': the gateway finds no pod of Dex",
    {"/dex/": text("no healthy upstream", 503)},
)
def dex_that_is_down() -> None: ...


@gateway(
    r"broke off: /dex/auth answers 500 '.*Database error\.': Dex cannot use its database; see",
    {"/dex/auth": html("Internal Server Error Database error.", 500)},
)
def dex_without_its_database() -> None: ...


@gateway(
    r"broke off: /dex/auth answers 400 '.*Unregistered redirect_uri .*': Dex does not know the",
    {"/dex/auth": html('Bad Request Unregistered redirect_uri ("/oauth2/callback").', 400)},
)
def redirect_uri_that_dex_does_not_know() -> None: ...


@gateway(
    r"broke off: /dex/auth/local/login answers 400 '.*User session error\.': Dex has lost this log",
    {
        "/dex/auth/local/login": lambda asked: (
            html("Bad Request User session error.", 400) if asked.method == "POST" else None
        )
    },
)
def dex_that_forgets_logins() -> None: ...


@gateway(
    r"broke off: /dex/auth/local/login answers 500 'x*\.\.\.': Dex fails; see kubectl -n auth",
    {"/dex/auth/local/login": text("x" * 5000, 500)},
)
def dex_that_fails_with_many_words() -> None: ...


# oauth2-proxy.


@gateway(
    r"broke off: /oauth2/start answers 503 'no healthy upstream': the gateway finds no pod of oaut",
    {"/oauth2/": text("no healthy upstream", 503), "/dex/": redirect("/oauth2/start")},
)
def oauth2_proxy_that_is_down() -> None: ...


CSRF = html("Forbidden Login Failed: Unable to find a valid CSRF token. Please try again.", 403)


@gateway(
    r"Unable to find a valid CSRF token.*': oauth2-proxy does not get back the cookie that it set",
    {"/oauth2/callback": CSRF},
)
def csrf_cookie_that_does_not_come_back() -> None: ...


@gateway(
    r"the session is not kept: the session cookie _oauth2_proxy_csrf of \S+ is for https only.*use "
    r"an https URL in --kf-host.*Unable to find a valid CSRF token",
    {
        "/oauth2/callback": CSRF,
        "/dex/auth": lambda asked: (
            redirect(
                "/dex/auth/local/login?state=s", Set_Cookie="_oauth2_proxy_csrf=c; Path=/; Secure"
            )
            if asked.path == "/dex/auth"
            else None
        ),
    },
)
def csrf_cookie_for_https_alone() -> None: ...


@gateway(
    r"broke off: /oauth2/callback answers 500 '.*Oops! Something went wrong.*': oauth2-proxy can"
    r"not redeem Dex's code",
    {"/oauth2/callback": html("Internal Server Error Oops! Something went wrong.", 500)},
)
def code_that_cannot_be_redeemed() -> None: ...


@gateway(
    r"Dex accepts the password, and the session is not kept: the session cookie "
    r"oauth2_proxy_kubeflow of \S+ is for https only \(Secure\): use an https URL in --kf-host",
    {"/oauth2/callback": redirect("/", Set_Cookie=f"{SESSION}=planted-session; Path=/; Secure")},
)
def session_for_https_alone() -> None: ...


@gateway(
    r"Dex accepts the password, and the session is not kept: the session cookie "
    r"oauth2_proxy_kubeflow is for the domain example\.com, to which 127\.0\.0\.1 does not belong",
    {
        "/oauth2/callback": redirect(
            "/", Set_Cookie=f"{SESSION}=planted-session; Path=/; Domain=.example.com"
        )
    },
)
def session_for_another_domain() -> None: ...


@gateway(
    r"the session is not kept: the session cookie oauth2_proxy_kubeflow is over by this machine's "
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


# oidc-authservice, of Kubeflow 1.8 and before.


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


# The pipelines.


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


# Where the password goes.


@setup(
    r"the login leads to http://localhost:\d+/login, which wants a person; the password goes to "
    r"--kf-host alone and was not sent there: .*KF_COOKIE.*--kf-auth=token-request"
)
def sign_in_page_of_another_host(remote: Remote, _: Path) -> Iterator[Given]:
    def foreign(asked: Asked) -> Answer:
        assert asked.method == "GET", "the password was sent"
        return 200, HTML, FORM.format(told="Sign in to another company").encode()

    with application(foreign) as port:
        away = redirect(f"http://localhost:{port}/login")
        with kubeflow({"/dex/auth": away}) as host:
            yield good(remote, host=host), in_clear(remote)


@gateway(
    r"the login leads to http://localhost:1/dex/auth/local/login, which wants a person",
    {
        "/dex/auth/local/login": (
            200,
            HTML,
            FORM.replace('action="', 'action="http://localhost:1').encode(),
        )
    },
)
def form_that_leads_to_another_host() -> None: ...


@gateway(
    r"the login leads to http://localhost:1/collect, which wants a person",
    {
        "/dex/auth/local/login": lambda asked: (
            (307, {"Location": "http://localhost:1/collect"}, b"")
            if asked.method == "POST"
            else None
        )
    },
)
def form_that_is_sent_on_to_another_host() -> None: ...


# What was asked for is used, or it is said what it lacks.


def without_password(remote: Remote) -> dict[str, str]:
    return {name: text for name, text in in_clear(remote).items() if name != "KF_PASSWORD"}


@setup(
    r"--kf-username=user@example\.com \(from command line\) needs KF_PASSWORD or KF_PASSWORD_FILE"
)
def user_without_a_password(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote), without_password(remote)


@setup(r"--kf-username=user@example\.com \(from environment KF_USERNAME\) needs KF_PASSWORD or K")
def user_of_the_environment_without_a_password(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote, username=""), {**without_password(remote), "KF_USERNAME": USER}


@setup(
    r"KF_TOKEN=\*\*\* \(from environment KF_TOKEN\) and --kf-username=\S+ \(from command line\) "
    r"ask for two ways to log in: leave one out, or name it by --kf-auth=token or --kf-auth=dex"
)
def user_and_token(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote), {**in_clear(remote), "KF_TOKEN": "planted-token"}


@setup(
    r"^KF_PASSWORD=\*\*\* \(from environment KF_PASSWORD\) needs --kf-username, whose password "
    r"it is; without a login, say --kf-auth=anonymous$"
)
def password_without_a_user(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote, username="", kubeconfig=""), in_clear(remote)


@setup(r"--kf-dex-connector=ldap \(from command line\) needs --kf-username$")
def connector_without_a_user(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote, username="", dex_connector="ldap"), in_clear(remote)


@setup(
    r"--kf-service-account=robot \(from command line\) needs access to Kubernetes, by --kf-kubec"
)
def service_account_without_kubernetes(remote: Remote, _: Path) -> Iterator[Given]:
    options = good(remote, username="", kubeconfig="", service_account="robot")
    yield options, in_clear(remote)


@setup(r"there is no context 'staging': there is no kubeconfig at .*name one with --kf-kubeconfig")
def context_without_a_kubeconfig(remote: Remote, _: Path) -> Iterator[Given]:
    options = good(remote, kubeconfig="", context="staging", namespace="team")
    yield options, in_clear(remote)


@setup(r"it answers without a login; leave --kf-username out, or say --kf-auth=anonymous")
def user_for_pipelines_without_users(remote: Remote, _: Path) -> Iterator[Given]:
    def answer(asked: Asked) -> Answer:
        return document({"pipelineStore": "database"}) if "/apis/" in asked.path else html("KFP")

    with application(answer) as port:
        yield good(remote, host=f"http://127.0.0.1:{port}"), in_clear(remote)
