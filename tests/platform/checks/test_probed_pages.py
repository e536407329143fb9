"""The pages of gateways, as a session sees them: small servers on loopback."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from pytest_kubeflow.auth.anonymous import Anonymous
from pytest_kubeflow.auth.token import BearerToken
from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.platform.checks.applications.login import ENV_INFO, check_login
from pytest_kubeflow.platform.checks.applications.pages import check_pages
from pytest_kubeflow.platform.menu import LINKS_PATH
from pytest_kubeflow.platform.probes import Probed, with_probes
from pytest_kubeflow.platform.probes.pages import probe_pages
from pytest_kubeflow.platform.probes.tokens import probe_token
from pytest_kubeflow.platform.snapshot import Object, Snapshot
from pytest_kubeflow.platform.snapshot.kind import CONFIG_MAPS, PODS
from pytest_kubeflow.redaction import Secret
from tests.cluster.web import Answer, Asked, application, closed_port
from tests.platform.snapshots import an_object, snapshot_of

HTML = {"Content-Type": "text/html; charset=utf-8"}
JSON = {"Content-Type": "application/json"}
MENU = {"menuLinks": [{"link": "/jupyter/", "text": "Notebooks"}, {"link": "/katib/"}]}
COOKIE = {"Set-Cookie": "XSRF-TOKEN=planted-value; Path=/jupyter/; Secure; SameSite=Strict"}


def _titled(title: str, **headers: str) -> Answer:
    return 200, HTML | headers, f"<html><title>{title}</title><p>hello</p></html>".encode()


WHOLE: dict[str, Answer] = {
    "/": _titled("Kubeflow Central Dashboard"),
    LINKS_PATH: (200, JSON, json.dumps(MENU).encode()),
    ENV_INFO: (200, JSON, b'{"namespaces": []}'),
    "/jupyter/": _titled("Jupyter Management UI", **COOKIE),
    "/jupyter/api/namespaces": (200, JSON, b'{"namespaces": []}'),
    "/katib/": _titled("Frontend"),
    "/pipeline/apis/v2beta1/healthz": (200, JSON, b'{"multi_user": true}'),
}


def _probe(answers: dict[str, Answer], *objects: Object) -> tuple[Snapshot, list[str]]:
    """The snapshot with the pages of a server with these answers, and the paths that it was asked.

    What it has no answer for has the dashboard's page, as behind a real gateway.
    """
    asked: list[str] = []

    def answer(request: Asked) -> Answer:
        assert request.method == "GET"
        asked.append(request.path)
        return answers.get(request.path, answers["/"])

    snapshot = snapshot_of(*objects, without=[] if objects else [CONFIG_MAPS])
    with application(answer) as port:
        url = f"http://127.0.0.1:{port}"
        probed = probe_pages(url, GatewaySettings(), Anonymous(), snapshot)
    assert probed.observed.gateway == url
    return with_probes(snapshot, [probed]), asked


def _codes(snapshot: Snapshot) -> list[str]:
    return [one.code for check in (check_pages, check_login) for one in check(snapshot)]


def test_what_is_asked_for_is_what_the_menu_leads_to() -> None:
    snapshot, asked = _probe(WHOLE)
    assert sorted(asked) == sorted(WHOLE)
    assert _codes(snapshot) == []
    assert snapshot.unseen == ()


def test_cookies_are_seen_without_their_values() -> None:
    snapshot, _ = _probe(WHOLE)
    assert snapshot.observed.pages["/jupyter/"].cookies == (
        "XSRF-TOKEN=...; Path=/jupyter/; Secure; SameSite=Strict",
    )
    assert "planted" not in repr(snapshot.observed)


def test_the_menu_of_a_config_map_and_the_pages_of_notebooks() -> None:
    menu = {"menuLinks": [{"link": "/volumes/"}]}
    config = an_object(
        CONFIG_MAPS, "dashboard-config", "kubeflow", data={"links": json.dumps(menu)}
    )
    _, asked = _probe(
        WHOLE,
        config,
        an_object(PODS, "lab-0", "jane", metadata={"labels": {"notebook-name": "lab"}}),
    )
    assert {"/volumes/", "/volumes/api/namespaces", "/notebook/jane/lab/"} <= {*asked}
    assert "/jupyter/" not in asked


def test_a_page_of_the_dashboard_in_an_apps_place() -> None:
    answers = {path: answer for path, answer in WHOLE.items() if path != "/katib/"}
    assert _codes(_probe(answers)[0]) == ["KF904"]


@pytest.mark.parametrize(
    ("path", "answer", "code"),
    [
        ("/katib/", (503, {}, b"upstream connect error"), "KF904"),
        (ENV_INFO, (403, {}, b"RBAC: access denied"), "KF312"),
        ("/jupyter/api/namespaces", (401, JSON, b'{"log": "No user detected."}'), "KF313"),
        ("/pipeline/apis/v2beta1/healthz", (503, {}, b"no healthy upstream"), "KF906"),
        ("/", (503, {}, b"no healthy upstream"), "KF906"),
    ],
)
def test_what_the_gateway_answers(path: str, answer: Answer, code: str) -> None:
    assert _codes(_probe({**WHOLE, path: answer})[0]) == [code]


def test_redirects_are_followed_within_the_gateway_alone() -> None:
    away = {"Location": "https://login.example/x", "Content-Type": "text/html"}
    answers: dict[str, Answer] = {
        "/katib/": (302, {"Location": "/katib/home"}, b""),
        "/katib/home": (503, {}, b"no healthy upstream"),
        "/jupyter/": (302, away, b""),
    }
    snapshot, asked = _probe({**WHOLE, **answers})
    assert "/katib/home" in asked
    assert snapshot.observed.pages["/katib/"].status == 503
    assert snapshot.observed.pages["/jupyter/"].status == 302
    assert _codes(snapshot) == ["KF904"]
    circle: Answer = (302, {"Location": "/katib/"}, b"")
    assert _probe({**WHOLE, "/katib/": circle})[0].observed.pages["/katib/"].status == 508


def test_a_menu_that_is_nowhere_is_told() -> None:
    snapshot, asked = _probe({**WHOLE, LINKS_PATH: (404, JSON, b"{}")})
    assert "/katib/" not in asked
    (unseen,) = snapshot.unseen
    assert unseen.what == "the links of the dashboard's menu"
    assert _codes(snapshot) == []


def test_pages_that_never_end_are_read_in_part() -> None:
    long = b"<title>Frontend</title>" + b"x" * 1_000_000
    snapshot, _ = _probe({**WHOLE, "/katib/": (200, HTML, long)})
    assert snapshot.observed.pages["/katib/"].title == "Frontend"
    assert len(snapshot.observed.pages["/katib/"].text) < 1000


def test_a_gateway_that_does_not_answer_is_told() -> None:
    with closed_port() as port:
        url = f"http://127.0.0.1:{port}"
        probed = probe_pages(url, GatewaySettings(), Anonymous(), snapshot_of())
    (unseen,) = probed.unseen
    assert unseen.what == "the pages of the gateway"
    assert "nothing listens" in unseen.why


def _token(**claims: Any) -> str:
    parts = ({"alg": "none"}, claims)
    encoded = [base64.urlsafe_b64encode(json.dumps(one).encode()).decode() for one in parts]
    return ".".join([*(one.rstrip("=") for one in encoded), "planted"])


def _claims(token: str) -> Probed:
    return probe_token(BearerToken(Secret(token), origin="KF_TOKEN"))


def test_of_a_token_its_issuer_audience_and_times_are_kept() -> None:
    token = _token(iss="https://a", aud=["b"], exp=5, sub="planted", email="planted@example.com")
    probed = _claims(token)
    assert probed.observed.claims == {"iss": "https://a", "aud": ["b"], "exp": 5}
    assert _claims("opaque").observed.claims == {}
    assert probe_token(Anonymous()) == Probed()
