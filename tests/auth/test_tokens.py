"""Bearer tokens from values, files and pods; the ladder that chooses; kfp's way of taking them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_kubeflow.auth.anonymous import Anonymous
from pytest_kubeflow.auth.cookie import GivenCookie
from pytest_kubeflow.auth.dex import DexLogin
from pytest_kubeflow.auth.ladder import GatewayState, choose
from pytest_kubeflow.auth.projected import projected_token
from pytest_kubeflow.auth.session import gateway_session
from pytest_kubeflow.auth.token import BearerToken, TokenFile, claims_of
from pytest_kubeflow.auth.tokenrequest import TokenRequest
from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.pipelines.client import make_kfp_client
from pytest_kubeflow.redaction import Redactor, Secret
from tests.config.sources import resolved

from .conftest import ACCOUNT, PASSWORD, USER

SETTINGS = GatewaySettings()


def test_a_token_names_its_user_to_us_and_to_the_gateway(
    gateway: str, service_account_token: str
) -> None:
    credentials = BearerToken(Secret(service_account_token), origin="environment KF_TOKEN")
    assert credentials.user == ACCOUNT
    with gateway_session(SETTINGS, credentials) as session:
        assert session.get(f"{gateway}/pipeline/x").json()["user"] == ACCOUNT
    wrong = BearerToken(Secret(service_account_token[:-4]), origin="environment KF_TOKEN")
    with gateway_session(SETTINGS, wrong) as session:
        assert session.get(f"{gateway}/pipeline/x").status_code == 401


def test_a_token_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first-token\n")
    redactor = Redactor()
    credentials = TokenFile(file, redactor=redactor)
    assert credentials.headers() == {"Authorization": "Bearer first-token"}
    renewed = tmp_path / "renewed"
    renewed.write_text("other-token\n")
    renewed.replace(file)
    assert credentials.headers() == {"Authorization": "Bearer other-token"}
    assert redactor.redact("first-token other-token") == "*** ***"
    file.unlink()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        credentials.headers()
    file.write_text(" \n")
    with pytest.raises(ConfigurationError, match="is empty"):
        credentials.headers()


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "snowman-☃"])
def test_what_no_header_can_carry_is_refused_without_showing_it(token: str) -> None:
    with pytest.raises(ConfigurationError) as found:
        BearerToken(Secret(token), origin="KF_TOKEN").headers()
    assert token not in str(found.value)


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c", "a.!.c", "opaque", "a.W10.c"])
def test_other_tokens_have_no_claims(token: str) -> None:
    assert claims_of(token) == {}


def test_a_pod_with_the_pod_default_has_a_token(tmp_path: Path) -> None:
    file = tmp_path / "token"
    variable = {"KF_PIPELINES_SA_TOKEN_PATH": str(file)}
    assert projected_token(Redactor(), variable) is None
    file.write_text("projected-token")
    found = projected_token(Redactor(), variable)
    assert found is not None
    assert found.headers() == {"Authorization": "Bearer projected-token"}


@pytest.mark.parametrize("way", ["cookie", "token"])
def test_kfp_client_takes_them(
    gateway: str, service_account_token: str, way: str, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("expired")
    credentials = (
        TokenFile(file, redactor=Redactor())
        if way == "token"
        else DexLogin(
            gateway, SETTINGS, username=USER, password=Secret(PASSWORD), redactor=Redactor()
        )
    )
    client = make_kfp_client(
        f"{gateway}/pipeline", credentials=credentials, settings=SETTINGS, namespace="team"
    )
    file.write_text(service_account_token)  # renewed after the client was made
    assert client.get_kfp_healthz().multi_user is True


def test_the_ladder(tmp_path: Path) -> None:
    redactor = Redactor()
    nowhere = KubernetesClient()
    somewhere = KubernetesClient(tmp_path / "kubeconfig")
    base = KubeflowConfig()
    person = replace(base, gateway=GatewaySettings(username=USER, password=Secret(PASSWORD)))
    token = replace(person, gateway=replace(person.gateway, token=Secret("a-token")))
    closed = GatewayState("https://kf.example", open=False)
    opened = GatewayState("https://kf.example", open=True)

    def chosen(
        config: KubeflowConfig, gateway_state: GatewayState, kubernetes: KubernetesClient
    ) -> type[object]:
        return type(choose(config, gateway_state, kubernetes=kubernetes, redactor=redactor)[0])

    assert chosen(token, closed, somewhere) is BearerToken
    assert chosen(person, closed, somewhere) is DexLogin
    assert chosen(person, opened, somewhere) is Anonymous
    assert chosen(base, closed, somewhere) is TokenRequest
    for auth, expected in (
        ("anonymous", Anonymous),
        ("dex", DexLogin),
        ("token", BearerToken),
        ("token-request", TokenRequest),
    ):
        config = replace(token, gateway=replace(token.gateway, auth=auth))
        assert chosen(config, closed, somewhere) is expected
    with pytest.raises(ConfigurationError, match=r"--kf-auth=dex .* needs --kf-username"):
        chosen(replace(base, gateway=GatewaySettings(auth="dex")), closed, nowhere)


ASKED_FOR = {
    "a user": ({"username": USER}, {"KF_PASSWORD": PASSWORD}, {}, DexLogin),
    "a user of the ini file": ({}, {"KF_PASSWORD": PASSWORD}, {"username": USER}, DexLogin),
    "a connector": (
        {"dex_connector": "ldap"},
        {"KF_USERNAME": USER, "KF_PASSWORD": PASSWORD},
        {},
        DexLogin,
    ),
    "a token": ({}, {"KF_TOKEN": "a-token"}, {}, BearerToken),
    "a token over the ini file": ({}, {"KF_TOKEN": "a-token"}, {"username": USER}, BearerToken),
    "cookies": ({}, {"KF_COOKIE": "a=b"}, {}, GivenCookie),
    "a service account": ({"service_account": "robot"}, {}, {}, TokenRequest),
}
"""Command line, environment, ini file, and the way that they ask for."""


@pytest.mark.parametrize("way", ASKED_FOR)
@pytest.mark.parametrize("opened", [True, False], ids=["open", "closed"])
def test_what_was_asked_for_is_used(way: str, opened: bool, tmp_path: Path) -> None:
    """Also where it would do without a login, or by another way."""
    command_line, environment, ini, expected = ASKED_FOR[way]
    config = resolved(command_line, environment, ini)
    chosen, reason = choose(
        config,
        GatewayState("https://kf.example", open=opened),
        kubernetes=KubernetesClient(tmp_path / "kubeconfig"),
        redactor=Redactor(),
    )
    assert type(chosen) is expected
    unused = f"not used: --kf-username={USER} (from kf_username in pytest.ini)"
    assert (unused in reason) == (way == "a token over the ini file"), reason


@pytest.mark.parametrize(
    ("command_line", "environment", "message"),
    [
        ({"username": USER}, {}, r"--kf-username=\S+ \(from command line\) needs KF_PASSWORD or K"),
        ({}, {"KF_USERNAME": USER}, r"\(from environment KF_USERNAME\) needs KF_PASSWORD or KF_PA"),
        ({"dex_connector": "ldap"}, {}, r"=ldap \(from command line\) needs --kf-username and KF_"),
        ({"service_account": "robot"}, {}, r"=robot \(from command line\) needs access to Kubern"),
        (
            {"auth": "dex", "username": USER},
            {},
            r"--kf-auth=dex \(from c.* needs KF_PASSWORD or KF",
        ),
        (
            {"username": USER, "service_account": "robot"},
            {"KF_PASSWORD": PASSWORD},
            r"ask for two ways to log in: .*--kf-auth=dex or --kf-auth=token-request",
        ),
        (
            {},
            {"KF_TOKEN": "a", "KF_COOKIE": "a=b"},
            r"KF_TOKEN=\*\*\* .*KF_COOKIE=\*\*\* .*two ways",
        ),
    ],
)
def test_what_was_asked_for_and_lacks_something_is_refused(
    command_line: dict[str, str],
    environment: dict[str, str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(ConfigurationError, match=message):
        choose(
            resolved(command_line, environment),
            GatewayState("https://kf.example", open=True),
            kubernetes=KubernetesClient(),
            redactor=Redactor(),
        )


def test_no_way_in_says_what_to_give(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    gateway_state = GatewayState("https://kf.example", open=False)
    with pytest.raises(ConfigurationError, match="wants a login: give --kf-username"):
        choose(KubeflowConfig(), gateway_state, kubernetes=KubernetesClient(), redactor=Redactor())
