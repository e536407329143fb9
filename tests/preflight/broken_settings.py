"""Settings of the login that do not fit together, and the line that says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.cluster.remote import Remote
from tests.cluster.web import Answer, Asked, application

from .setup import USER, Given, good, in_clear, setup
from .stub_kubeflow import (
    document,
    html,
)


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


@setup(
    r"127\.0\.0\.1:\d+ answers without a login; leave --kf-username out, or say --kf-auth=anonymous"
)
def user_for_pipelines_without_users(remote: Remote, _: Path) -> Iterator[Given]:
    def answer(asked: Asked) -> Answer:
        return document({"pipelineStore": "database"}) if "/apis/" in asked.path else html("KFP")

    with application(answer) as port:
        yield good(remote, host=f"http://127.0.0.1:{port}"), in_clear(remote)
