"""The way in for people: oauth2-proxy and Dex in each set-up, and what goes wrong there."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.gateway.connectors import local_connector
from pytest_kubeflow.local.gateway.dex import CALLBACK, Dex
from pytest_kubeflow.local.gateway.issuer import CLIENT_ID, Issuer
from tests.local.gateway.conftest import PASSWORD, USER, Browser, MakeGateway, serving

COOKIE = "oauth2_proxy_kubeflow"


@pytest.fixture
def browser(url: str) -> Browser:
    return Browser(url)


def test_login_leads_back_to_where_the_user_wanted_to_go(browser: Browser) -> None:
    page = browser.get("/pipeline/deep?x=1")
    assert page.status_code == 403
    assert "/oauth2/start" in page.text
    assert 'name="rd" value="/pipeline/deep?x=1"' in page.text
    answer = browser.log_in(back="/pipeline/deep?x=1")
    assert answer.url == f"{browser.url}/pipeline/deep?x=1"
    assert answer.json()["users"] == [USER]
    assert set(browser.session.cookies.keys()) == {COOKIE}


def test_a_login_may_be_written_in_capitals(browser: Browser) -> None:
    assert browser.log_in(login=USER.upper()).json()["users"] == [USER]


def test_without_the_page_browsers_are_sent_to_dex(make_gateway: MakeGateway) -> None:
    with make_gateway(sign_in_page=False) as url:
        browser = Browser(url)
        answer = browser.get("/pipeline/x", allow_redirects=False)
        assert answer.status_code == 302
        assert answer.headers["location"].startswith("/dex/auth?client_id=")
        form = browser.get("/pipeline/x")
        assert urlsplit(form.url).path == "/dex/auth/local/login"
        assert browser.submit(form, login=USER, password=PASSWORD).json()["users"] == [USER]


@pytest.mark.parametrize("path", ["/pipeline/apis/v2beta1/runs", "/x/api/y", "/ml_metadata.X/Y"])
def test_programs_get_no_page(make_gateway: MakeGateway, path: str) -> None:
    for sign_in_page in (True, False):
        with make_gateway(sign_in_page=sign_in_page) as url:
            answer = Browser(url).get(path)
            assert (answer.status_code, answer.json()) == (401, {})
        with make_gateway(sign_in_page=sign_in_page, api_routes=False) as url:
            answer = Browser(url).get(path, allow_redirects=False)
            assert answer.status_code == (403 if sign_in_page else 302)


def test_what_a_client_accepts_matters_to_oauth2_proxy_and_not_through_the_gateway(
    browser: Browser,
) -> None:
    json_only = {"Accept": "application/json, text/plain, */*"}
    for path in ("/", "/pipeline/x"):
        answer = browser.get(path, headers=json_only)
        assert (answer.status_code, "/oauth2/start" in answer.text) == (403, True)
    answer = browser.get("/oauth2/x", headers=json_only)
    assert (answer.status_code, answer.json()) == (401, {})
    assert browser.get("/oauth2/x").status_code == 403
    browser.log_in()
    assert browser.get("/oauth2/x").text == "Authenticated"


def test_the_sign_in_form_comes_late_in_its_page(browser: Browser) -> None:
    """Whoever reads the first 4 KiB alone does not see it."""
    page = browser.get("/").content
    assert page.index(b'action="/oauth2/start"') > 7000


@pytest.mark.parametrize("path", ["/", "/pipeline/apis/x", "/oauth2/auth", "/oauth2/userinfo"])
def test_a_cookie_that_is_no_session_is_cleared(browser: Browser, path: str) -> None:
    stale = {"Cookie": f"{COOKIE}=stale; {COOKIE}_1=stale; {COOKIE}_csrf=x; other=y"}
    answer = browser.get(path, headers=stale)
    cleared = answer.raw.headers.getlist("set-cookie")
    assert set(cleared) == {
        f"{COOKIE}=; Path=/; Max-Age=0; HttpOnly",
        f"{COOKIE}_1=; Path=/; Max-Age=0; HttpOnly",
    }
    browser.log_in()
    assert "set-cookie" not in browser.get(path).headers


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/dex/nosuch", 404, "404 page not found\n"),
        ("/dex/callback", 400, "User session error."),
        ("/dex/approval?req=x&hmac=!", 401, "Unauthorized request"),
        ("/oauth2/callback", 500, "Oops! Something went wrong."),
        ("/oauth2/callback?state=x:y", 403, "Unable to find a valid CSRF token"),
        ("/ping", 403, "RBAC: access denied"),
    ],
)
def test_error_pages(browser: Browser, path: str, status: int, body: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == status
    assert body in answer.text


@pytest.mark.parametrize(
    ("form", "error", "description"),
    [
        ({}, "unsupported_grant_type", None),
        ({"grant_type": "password"}, "unsupported_grant_type", None),
        (None, "invalid_request", "method not allowed"),
    ],
)
def test_the_token_endpoint_looks_at_the_request_before_the_client(
    browser: Browser, form: dict[str, str] | None, error: str, description: str | None
) -> None:
    method = "GET" if form is None else "POST"
    answer = requests.request(method, f"{browser.url}/dex/token", data=form, timeout=10)
    found = {} if description is None else {"error_description": description}
    assert (answer.status_code, answer.json()) == (400, {"error": error, **found})


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"scope": "openid nosuch"}, "invalid_scope"),
        ({"code_challenge_method": "S999"}, "invalid_request"),
    ],
)
def test_bad_requests_go_back_to_the_client(
    browser: Browser, change: dict[str, str], error: str
) -> None:
    start = browser.get("/oauth2/start", allow_redirects=False)
    query = {
        key: one[0] for key, one in parse_qs(urlsplit(start.headers["location"]).query).items()
    }
    answer = browser.get("/dex/auth/local", params={**query, **change}, allow_redirects=False)
    assert answer.status_code == 303
    assert parse_qs(urlsplit(answer.headers["location"]).query)["error"] == [error]


def test_a_new_key_is_published_at_once_and_read_by_the_gateway_later(
    make_gateway: MakeGateway,
) -> None:
    faults = Faults()
    with make_gateway(faults=faults) as url:
        old = Browser(url)
        assert old.log_in().status_code == 200
        faults.replace(["keys-rotated"])
        assert len(old.get("/dex/keys").json()["keys"]) == 2
        new = Browser(url)
        refused = new.log_in()
        assert (refused.status_code, refused.text) == (
            401,
            "Jwks doesn't have key to match kid or alg from Jwt",
        )
        assert old.get("/pipeline/x").status_code == 200
        faults.replace([])
        assert new.get("/pipeline/x").json()["users"] == [USER]
        assert old.get("/pipeline/x").status_code == 200


def test_parts_of_the_login_can_be_down(make_gateway: MakeGateway) -> None:
    faults = Faults()
    with make_gateway(faults=faults) as url:
        browser = Browser(url)
        browser.log_in()
        faults.replace(["dex-down"])
        assert browser.get("/pipeline/x").status_code == 200
        assert Browser(url).get("/oauth2/start").text.startswith("upstream connect error")
        faults.replace(["login-down"])
        for path in ("/pipeline/x", "/pipeline/apis/x"):
            answer = browser.get(path)
            assert (answer.status_code, answer.text) == (403, "")
        assert browser.get("/oauth2/start").status_code == 503
        faults.replace(["session-not-kept"])
        assert browser.log_in().status_code == 403
        faults.replace(["foreign-idp"])
        start = browser.get("/oauth2/start", allow_redirects=False).headers["location"]
        away = browser.get(start.replace("/dex/auth", "/dex/auth/local"), allow_redirects=False)
        assert urlsplit(away.headers["location"]).hostname == "sign-in.company.example"


@pytest.mark.parametrize(
    ("login", "password"), [(USER, "wrong"), (USER, ""), ("nobody@example.com", PASSWORD), ("", "")]
)
def test_a_wrong_password_shows_the_form_again(browser: Browser, login: str, password: str) -> None:
    answer = browser.log_in(login=login, password=password)
    assert answer.status_code == 401
    assert "Invalid Email Address and password." in answer.text
    assert COOKIE not in browser.session.cookies
    assert browser.get("/pipeline/x").status_code == 403
    # The same form takes the right one afterwards.
    assert browser.submit(answer, login=USER, password=PASSWORD).json()["users"] == [USER]


def test_the_fault_takes_any_password_of_a_known_user(make_gateway: MakeGateway) -> None:
    with make_gateway(faults=Faults(["any-password"])) as url:
        assert Browser(url).log_in(password="wrong").json()["users"] == [USER]
        assert Browser(url).log_in(login="nobody@example.com").status_code == 401


def test_two_connectors_are_a_choice_between_two_user_bases(make_gateway: MakeGateway) -> None:
    with make_gateway(ldap=True) as url:
        browser = Browser(url)
        choice = browser.get("/oauth2/start?rd=/pipeline/x")
        links = re.findall(r'href="([^"]+)"[^>]*><span[^>]*>([^<]+)', choice.text)
        assert [text for _, text in links] == ["Log in with Email", "Log in with LDAP"]
        ldap = browser.get(links[1][0].replace("&amp;", "&"))
        assert ">Username</label>" in ldap.text
        assert "Select another login method." in ldap.text
        wrong = browser.submit(ldap, login=USER, password=PASSWORD)
        assert "Invalid Username and password." in wrong.text
        answer = browser.submit(wrong, login="jane", password="ldap-password")
        assert answer.json()["users"] == ["jane@example.org"]
        # Their groups make the session larger than a cookie.
        assert set(browser.session.cookies.keys()) == {f"{COOKIE}_0", f"{COOKIE}_1"}
        assert browser.get("/oauth2/userinfo").json()["email"] == "jane@example.org"
        del browser.session.cookies[f"{COOKIE}_1"]
        assert browser.get("/pipeline/x").status_code == 403


def test_approval_is_asked_for(make_gateway: MakeGateway) -> None:
    with make_gateway(approval=True) as url:
        browser = Browser(url)
        page = browser.log_in()
        assert urlsplit(page.url).path == "/dex/approval"
        assert "View your email address" in page.text
        rejected = browser.submit(page, approval="rejected")
        assert (rejected.status_code, "Approval rejected." in rejected.text) == (500, True)
        assert browser.submit(page).json()["users"] == [USER]
        stolen = requests.get(page.url.replace("hmac=", "hmac=x"), timeout=10)
        assert stolen.status_code == 500  # that login is over


def test_nobody_approves_for_others(make_gateway: MakeGateway) -> None:
    with make_gateway(approval=True) as url:
        page = Browser(url).log_in()
        target = page.url.partition("&hmac=")[0]
        assert requests.get(target, timeout=10).status_code == 401
        assert requests.get(f"{target}&hmac=AAAA", timeout=10).status_code == 401


def test_a_login_is_finished_by_the_browser_that_began_it(browser: Browser, url: str) -> None:
    form = browser.get("/oauth2/start")
    action = re.search(r'action="([^"]+)"', form.text)
    assert action is not None
    sent = requests.post(
        url + action[1].replace("&amp;", "&"),
        data={"login": USER, "password": PASSWORD},
        allow_redirects=False,
        timeout=10,
    )
    callback = url + sent.headers["location"]
    stranger = requests.get(callback, timeout=10)
    assert stranger.status_code == 403
    assert "Unable to find a valid CSRF token" in stranger.text
    # One that has begun another login has a cookie, but of another state.
    other = Browser(url)
    other.get("/oauth2/start")
    refused = other.session.get(callback, timeout=10)
    assert refused.status_code in {403, 500}
    assert COOKIE not in other.session.cookies


def test_a_code_is_good_once(browser: Browser, url: str) -> None:
    form = browser.get("/oauth2/start")
    action = re.search(r'action="([^"]+)"', form.text)
    assert action is not None
    sent = browser.session.post(
        url + action[1].replace("&amp;", "&"),
        data={"login": USER, "password": PASSWORD},
        allow_redirects=False,
        timeout=10,
    )
    jar = browser.session.cookies.copy()
    callback = url + sent.headers["location"]
    assert requests.get(callback, cookies=jar, allow_redirects=False, timeout=10).status_code == 302
    again = requests.get(callback, cookies=jar, allow_redirects=False, timeout=10)
    assert (again.status_code, "Oops! Something went wrong" in again.text) == (500, True)


@pytest.mark.parametrize(
    "back", ["//evil.example/", "/\\evil.example", "https://evil.example", "/../\\x"]
)
def test_other_sites_are_not_followed_back(browser: Browser, back: str) -> None:
    assert browser.log_in(back=back).url == f"{browser.url}/"


def test_sign_out_ends_the_session(browser: Browser) -> None:
    browser.log_in()
    assert browser.get("/oauth2/auth").status_code == 202
    page = browser.get("/oauth2/sign_out")
    assert page.status_code == 403
    assert COOKIE not in browser.session.cookies
    assert browser.get("/oauth2/auth").status_code == 401


def test_a_session_ends_with_its_time(make_gateway: MakeGateway) -> None:
    with make_gateway(session_seconds=1, sign_in_page=False) as url:
        browser = Browser(url)
        cookie = browser.log_in().request.headers["cookie"]
        ends = time.monotonic() + 10
        headers = {"Cookie": cookie}

        def status() -> int:
            asked = f"{url}/pipeline/x"
            answer = requests.get(asked, headers=headers, allow_redirects=False, timeout=10)
            return answer.status_code

        while status() == 200:
            assert time.monotonic() < ends
            time.sleep(0.1)
        assert status() == 302
        background = requests.get(f"{url}/pipeline/apis/x", headers=headers, timeout=10)
        assert background.status_code == 401


def test_secure_cookies_do_not_come_back_over_plain_http(make_gateway: MakeGateway) -> None:
    with make_gateway(secure_cookies=True) as url:
        answer = Browser(url).log_in()
        assert answer.status_code == 403
        assert "Unable to find a valid CSRF token" in answer.text


@pytest.mark.parametrize(
    ("change", "status", "message"),
    [
        ({"client_id": "other"}, 404, "Invalid client_id."),
        ({"redirect_uri": "https://evil.example"}, 400, "Unregistered redirect_uri."),
        ({"connector": "saml"}, 400, "Connector failed to initialize"),
    ],
)
def test_dex_refuses_in_its_own_words(
    browser: Browser, change: dict[str, str], status: int, message: str
) -> None:
    start = browser.get("/oauth2/start", allow_redirects=False)
    query = {
        key: one[0] for key, one in parse_qs(urlsplit(start.headers["location"]).query).items()
    }
    connector = change.pop("connector", "local")
    answer = browser.get(f"/dex/auth/{connector}", params={**query, **change})
    assert (answer.status_code, message in answer.text) == (status, True)


def test_an_unknown_connector_is_refused_before_the_form(browser: Browser) -> None:
    answer = browser.get("/dex/auth?connector_id=saml")
    assert answer.status_code == 400
    assert "Connector ID does not match a valid Connector" in answer.text


def test_errors_of_dex_come_back_by_the_callback(browser: Browser) -> None:
    start = browser.get("/oauth2/start", allow_redirects=False)
    wrong = start.headers["location"].replace("openid", "")
    answer = browser.get(wrong)
    assert answer.status_code == 403
    assert "identity provider returned an error: invalid_scope" in answer.text


@pytest.mark.parametrize("path", ["/dex/auth/local/login", "/dex/auth/local/login?state=guessed"])
def test_a_form_of_no_login_is_refused(browser: Browser, path: str) -> None:
    assert browser.get(path).status_code == 400


def test_tokens_verify_with_the_published_keys(
    make_gateway: MakeGateway, dex_key: rsa.RSAPrivateKey
) -> None:
    with make_gateway() as url:
        found = requests.get(f"{url}/dex/.well-known/openid-configuration", timeout=10).json()
        assert found["jwks_uri"].endswith("/dex/keys")
        keys = jwt.PyJWKSet.from_dict(requests.get(f"{url}/dex/keys", timeout=10).json())
        (key,) = keys.keys
        token = jwt.encode(
            {
                "iss": found["issuer"],
                "email": "jane@example.org",
                "aud": "kubeflow-oidc-authservice",
                "exp": int(time.time()) + 60,
            },
            dex_key,
            algorithm="RS256",
            headers={"kid": key.key_id},
        )
        assert jwt.decode(token, key, algorithms=["RS256"], audience="kubeflow-oidc-authservice")
        headers = {"Authorization": f"Bearer {token}"}
        answer = requests.get(f"{url}/pipeline/x", headers=headers, timeout=10)
        assert answer.json()["users"] == ["jane@example.org"]


def test_the_token_endpoint_wants_the_client_secret(url: str) -> None:
    form = {"grant_type": "authorization_code", "code": "x"}
    endpoint = f"{url}/dex/token"
    answer = requests.post(endpoint, data=form, timeout=10)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    credentials = ("kubeflow-oidc-authservice", "guessed")
    answer = requests.post(endpoint, data=form, auth=credentials, timeout=10)
    assert answer.status_code == 401


def test_a_code_is_redeemed_with_secret_and_verifier(dex_key: rsa.RSAPrivateKey) -> None:
    """PKCE: who has seen the code alone cannot redeem it."""
    connectors = [local_connector({USER: PASSWORD})]
    issuer = Issuer(dex_key, lifetime=60)
    dex = Dex(issuer, connectors, client_secret="secret", approval=False, faults=Faults())
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"verifier").digest()).rstrip(b"=")
    query = {
        "client_id": CLIENT_ID,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid email",
        "nonce": "once",
        "state": "ours",
        "code_challenge": challenge.decode(),
        "code_challenge_method": "S256",
    }
    with serving(Starlette(routes=dex.routes())) as url:

        def redeem(verifier: str) -> requests.Response:
            browser = Browser(url)
            form = browser.get("/dex/auth", params=query)
            sent = browser.session.post(
                form.url, data={"login": USER, "password": PASSWORD}, allow_redirects=False
            )
            answer = parse_qs(urlsplit(sent.headers["location"]).query)
            assert answer["state"] == ["ours"]
            body = {
                "grant_type": "authorization_code",
                "code": answer["code"][0],
                "redirect_uri": CALLBACK,
                "code_verifier": verifier,
            }
            return requests.post(
                f"{url}/dex/token", data=body, auth=(CLIENT_ID, "secret"), timeout=10
            )

        assert redeem("guessed").json() == {
            "error": "invalid_grant",
            "error_description": "Invalid code_verifier.",
        }
        tokens = redeem("verifier").json()
        bearer = {"Authorization": f"Bearer {tokens['id_token']}"}
        found = requests.get(f"{url}/dex/userinfo", headers=bearer, timeout=10)
        assert found.json()["email"] == USER
        bad = requests.get(f"{url}/dex/userinfo", headers={"Authorization": "Bearer x"}, timeout=10)
        assert bad.status_code == 403
        assert requests.get(f"{url}/dex/userinfo", timeout=10).status_code == 401
    claims = jwt.decode(
        tokens["id_token"], dex_key.public_key(), algorithms=["RS256"], audience=CLIENT_ID
    )
    assert (claims["email"], claims["nonce"]) == (USER, "once")
    assert base64.urlsafe_b64decode(claims["sub"] + "==").endswith(b"\x12\x05local")
