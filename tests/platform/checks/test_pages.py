"""What is said of the dashboard's links, the web apps' cookies, and notebooks."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from pytest_kubeflow.platform.checks.applications.deployment_modes import check_deployment_modes
from pytest_kubeflow.platform.checks.applications.notebooks import check_notebooks
from pytest_kubeflow.platform.checks.applications.pages import check_pages
from pytest_kubeflow.platform.checks.mesh.mutual_tls import check_mutual_tls
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.menu import LINKS_PATH, menu_links
from pytest_kubeflow.platform.snapshot import Object
from pytest_kubeflow.platform.snapshot.kind import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    INFERENCE_SERVICES,
    NOTEBOOKS,
    PODS,
)
from pytest_kubeflow.platform.snapshot.observations import GatewayPage, Observations
from tests.platform.snapshots import an_object, snapshot_of

HOME = GatewayPage(200, "text/html", "Kubeflow Central Dashboard")
JUPYTER = GatewayPage(200, "text/html", "Jupyter Management UI")
NOBODY = "upstream connect error or disconnect/reset before headers. delayed connect error: 111"
MENU = {
    "menuLinks": [
        {"type": "item", "link": "/jupyter/", "text": "Notebooks"},
        {
            "type": "section",
            "text": "Pipelines",
            "items": [
                {"type": "item", "link": "/pipeline/#/pipelines", "text": "Pipelines"},
                {"type": "item", "link": "/pipeline/?ns={ns}#/runs", "text": "Runs"},
            ],
        },
        {"type": "item", "link": "https://example.com/x", "text": "Elsewhere"},
        {"type": "item", "link": "//example.com/x", "text": "Elsewhere"},
        {"type": "item", "text": "no link"},
        "no item",
    ]
}


def _menu(links: object = MENU, name: str = "dashboard-config") -> Object:
    found = links if isinstance(links, str) else json.dumps(links)
    return an_object(CONFIG_MAPS, name, "kubeflow", data={"links": found})


def _told(*objects: Object, gateway: str = "", **pages: GatewayPage) -> list[Finding]:
    at = {f"/{name.replace('_', '/')}": page for name, page in pages.items()}
    observed = Observations(gateway=gateway, pages={"/": HOME, **at})
    return list(check_pages(snapshot_of(*objects, observed=observed)))


@pytest.mark.parametrize("name", ["dashboard-config", "centraldashboard-config"])
def test_the_menu_has_each_path_of_the_platform_once(name: str) -> None:
    links = menu_links(snapshot_of(_menu(name=name)))
    assert [(one.text, one.path) for one in links] == [
        ("Notebooks", "/jupyter/"),
        ("Pipelines", "/pipeline/"),
    ]


def test_the_dashboard_tells_its_menu_where_its_configuration_may_not_be_read() -> None:
    page = GatewayPage(200, "application/json", text=json.dumps(MENU))
    observed = Observations(pages={LINKS_PATH: page})
    assert len(menu_links(snapshot_of(observed=observed))) == 2
    broken = Observations(pages={LINKS_PATH: GatewayPage(404, "application/json", text="{}")})
    assert menu_links(snapshot_of(observed=broken)) == ()


def test_links_that_lead_to_their_apps() -> None:
    pipelines = GatewayPage(200, "text/html; charset=utf-8", "Kubeflow Pipelines")
    assert _told(_menu(), jupyter_=JUPYTER, pipeline_=pipelines) == []
    assert _told(_menu(), jupyter_=GatewayPage(200, "text/html", "Frontend")) == []
    assert _told(_menu(), jupyter_=GatewayPage(302)) == [], "a login has ended"
    assert _told(_menu()) == [], "pages that were not asked for"


@pytest.mark.parametrize(
    ("page", "why"),
    [
        (
            HOME,
            "shows the dashboard itself (Kubeflow Central Dashboard): the gateway has no route "
            "for it",
        ),
        (GatewayPage(404), "answers 404: nothing"),
        (GatewayPage(503, "text/plain", text=NOBODY), f"answers 503: {NOBODY}"),
        (GatewayPage(200, "application/json"), "shows no page, but application/json"),
        (
            GatewayPage(200, "text/html", "Kubeflow Pipelines"),
            "shows another app: Kubeflow Pipelines",
        ),
    ],
)
def test_a_link_that_does_not_lead_to_its_app(page: GatewayPage, why: str) -> None:
    (found,) = _told(_menu(), jupyter_=page)
    assert found.code == "KF904"
    assert found.sentence == f"the dashboard's link Notebooks (/jupyter/) {why}"


WRONG_VERSION = (
    "upstream connect error or disconnect/reset before headers. reset reason: remote connection "
    "failure, transport failure reason: TLS_error:|268435703:SSL routines:"
    "OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end"
)


def test_what_other_checks_tell_is_not_told_of_the_link() -> None:
    assert _told(_menu(), jupyter_=GatewayPage(401, text="No user detected.")) == []
    assert _told(_menu(), jupyter_=GatewayPage(503, text=WRONG_VERSION)) == []
    forbidden = GatewayPage(403, text="RBAC: access denied")
    assert [one.code for one in _told(_menu(), jupyter_=forbidden)] == ["KF904"]
    observed = Observations(pages={"/": forbidden, "/jupyter/": forbidden})
    assert list(check_pages(snapshot_of(_menu(), observed=observed))) == []


def test_a_page_tells_of_mutual_tls_where_rules_were_not_seen() -> None:
    observed = Observations(pages={"/pipeline/": GatewayPage(503, text=WRONG_VERSION)})
    (found,) = check_mutual_tls(snapshot_of(observed=observed))
    assert found.code == "KF301"
    assert found.sentence.startswith("the gateway answers 503 at /pipeline/: upstream connect")


def test_a_menu_that_is_no_json() -> None:
    (found,) = _told(_menu("{"))
    assert found.code == "KF904"
    assert found.sentence.startswith(
        "the links in ConfigMap kubeflow/dashboard-config are no JSON: "
    )


COOKIE = "XSRF-TOKEN=...; Path=/jupyter/; SameSite=Strict"


def test_a_cookie_that_browsers_keep_for_themselves() -> None:
    page = GatewayPage(200, "text/html", "Jupyter Management UI", cookies=[f"{COOKIE}; Secure"])
    (found,) = _told(gateway="http://kubeflow.example.com", jupyter_=page)
    assert found.code == "KF901"
    assert found.sentence == (
        "/jupyter/ set the cookie XSRF-TOKEN as Secure, and browsers do not send that back to "
        "http://kubeflow.example.com: nothing can be made there"
    )


@pytest.mark.parametrize(
    ("gateway", "cookie"),
    [
        ("https://kubeflow.example.com", f"{COOKIE}; Secure"),
        ("http://localhost:8080", f"{COOKIE}; Secure"),
        ("http://127.0.0.1:8080", f"{COOKIE}; Secure"),
        ("http://[::1]:8080", f"{COOKIE}; Secure"),
        ("http://kubeflow.localhost", f"{COOKIE}; Secure"),
        ("http://kubeflow.example.com", COOKIE),
        ("http://kubeflow.example.com", "other=...; Secure"),
        ("", f"{COOKIE}; Secure"),
    ],
)
def test_a_cookie_that_comes_back(gateway: str, cookie: str) -> None:
    page = GatewayPage(200, "text/html", "Jupyter Management UI", cookies=[cookie])
    assert _told(gateway=gateway, jupyter_=page) == []


def _notebook(mount: str = "/home/jovyan", claim: str = "work", **container: Any) -> Object:
    volumes = [{"name": "work", "persistentVolumeClaim": {"claimName": claim}}] if claim else []
    main = {
        "name": "lab",
        "volumeMounts": [{"name": "work", "mountPath": mount}] if mount else [],
        **container,
    }
    spec = {"template": {"spec": {"containers": [main], "volumes": volumes}}}
    return an_object(NOTEBOOKS, "lab", "jane", spec=spec)


def _pod(ready: str = "True", **metadata: Any) -> Object:
    return an_object(
        PODS,
        "lab-0",
        "jane",
        metadata={"labels": {"notebook-name": "lab"}, **metadata},
        status={"conditions": [{"type": "Ready", "status": ready}]},
    )


def test_a_notebook_in_which_nothing_listens() -> None:
    (found,) = _told(
        _notebook(), _pod(), notebook_jane_lab_=GatewayPage(503, "text/plain", text=NOBODY)
    )
    assert found.code == "KF902"
    assert found.sentence == (
        f"pod jane/lab-0 of Notebook jane/lab is ready, and its page answers 503: {NOBODY}"
    )


def test_a_notebook_at_whose_port_nothing_answers() -> None:
    message = "port 8888 of pod jane/lab-0 does not answer: connection refused"
    observed = Observations(listening={"jane/lab": message})
    (found,) = check_pages(snapshot_of(_notebook(), _pod(), observed=observed))
    assert found.code == "KF902"
    assert found.sentence == f"pod jane/lab-0 of Notebook jane/lab is ready, and {message}"
    well = Observations(listening={"jane/lab": ""})
    assert list(check_pages(snapshot_of(_notebook(), _pod(), observed=well))) == []
    assert list(check_pages(snapshot_of(_notebook(), _pod("False"), observed=observed))) == []


def test_a_notebook_that_answers_or_that_is_not_ready_yet() -> None:
    refused = GatewayPage(503, "text/plain", text=NOBODY)
    now = datetime.now(UTC).isoformat()
    assert _told(_notebook(), _pod("False"), notebook_jane_lab_=refused) == []
    assert _told(_notebook(), _pod(creationTimestamp=now), notebook_jane_lab_=refused) == []
    assert _told(_notebook(), notebook_jane_lab_=refused) == []
    assert _told(_notebook(), _pod(), notebook_jane_lab_=GatewayPage(503, text="starting")) == []
    assert _told(_notebook(), _pod(), notebook_jane_lab_=GatewayPage(403, text=NOBODY)) == []
    assert _told(_notebook(), _pod(), notebook_jane_lab_=GatewayPage(200, "text/html")) == []


@pytest.mark.parametrize(
    ("notebook", "message"),
    [
        (_notebook("/data"), "its claims are mounted at /data"),
        (_notebook("/home/jovyan/work"), "its claims are mounted at /home/jovyan/work"),
        (_notebook("/home/jovyan-2"), "its claims are mounted at /home/jovyan-2"),
        (_notebook(claim=""), "it mounts no claim"),
        (_notebook(mount=""), "it mounts no claim"),
    ],
)
def test_a_notebook_whose_home_is_lost(notebook: Object, message: str) -> None:
    (found,) = check_notebooks(snapshot_of(notebook))
    assert found.code == "KF903"
    assert found.sentence == (
        f"what is saved in /home/jovyan of Notebook jane/lab is lost when it stops: {message}"
    )


@pytest.mark.parametrize(
    "notebook",
    [
        _notebook(),
        _notebook("/home/jovyan/"),
        _notebook("/home"),
        _notebook("/config", workingDir="/config"),
        an_object(NOTEBOOKS, "lab", "jane"),
    ],
)
def test_a_notebook_whose_home_is_kept(notebook: Object) -> None:
    assert list(check_notebooks(snapshot_of(notebook))) == []


def test_notebooks_whose_objects_may_not_be_listed_are_known_by_their_pods() -> None:
    pod = {**_pod(), "spec": {"containers": [{"name": "lab"}]}}
    (found,) = check_notebooks(snapshot_of(pod))
    assert found.code == "KF903"
    assert list(check_notebooks(snapshot_of(pod, _notebook()))) == [], "as it was asked for"
    refused = GatewayPage(503, "text/plain", text=NOBODY)
    assert [one.code for one in _told(pod, notebook_jane_lab_=refused)] == ["KF902"]


def _service(mode: str, is_now: str = "") -> Object:
    annotations = {"serving.kserve.io/deploymentMode": mode} if mode else {}
    return an_object(
        INFERENCE_SERVICES,
        "iris",
        "jane",
        metadata={"annotations": annotations},
        status={"deploymentMode": is_now},
    )


def _controller(tag: str) -> Object:
    container = {"name": "manager", "image": f"docker.io/kserve/kserve-controller:{tag}"}
    proxy = {"name": "kube-rbac-proxy", "image": "quay.io/brancz/kube-rbac-proxy:v0.18.0"}
    spec = {"template": {"spec": {"containers": [proxy, container]}}}
    return an_object(DEPLOYMENTS, "kserve-controller-manager", "kubeflow", spec=spec)


def test_a_mode_that_has_another_name_now() -> None:
    for there in (
        snapshot_of(_service("Serverless", "Knative")),
        snapshot_of(_service("Serverless"), _controller("v0.16.0")),
    ):
        (found,) = check_deployment_modes(there)
        assert found.code == "KF905"
        assert found.sentence.startswith(
            "InferenceService jane/iris has the mode Serverless, which KServe calls Knative now"
        )
    (found,) = check_deployment_modes(snapshot_of(_service("RawDeployment", "Standard")))
    assert found.fix.endswith("inferenceservice iris serving.kserve.io/deploymentMode=Standard")


def test_modes_that_their_controller_knows() -> None:
    for there in (
        snapshot_of(_service("RawDeployment", "RawDeployment"), _controller("v0.15.2")),
        snapshot_of(_service("Standard", "Standard"), _controller("v0.18.0")),
        snapshot_of(_service("", "Knative"), _controller("v0.18.0")),
        snapshot_of(_service("Serverless")),
    ):
        assert list(check_deployment_modes(there)) == []
