"""The suites pass through each way in, on a cluster that is tested by its addresses alone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.auth.dex import DexLogin
from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.local.endpoints import Endpoints
from pytest_kubeflow.redaction import Redactor, Secret
from tests.cluster.forward_proxy import forward_proxy

ROOT = Path(__file__).parents[2]
NAMESPACE = "kubeflow-user-example-com"
SUITES = [
    "suites/pipelines/test_pythagorean.py::test_every_task_returns_its_number",
    *("suites/volumes/test_sort.py", "suites/objectstore"),
]
Way = tuple[list[str], dict[str, str]]
"""Options, environment."""


@pytest.fixture(scope="module")
def where() -> Iterator[Endpoints]:
    with LocalKubeflow() as running:
        yield running.endpoints


def token(where: Endpoints) -> str:
    from kubernetes import client, config

    with config.new_client_from_config(str(where.kubeconfig)) as api:
        spec: dict[str, Any] = {"spec": {"expirationSeconds": 3600, "audiences": []}}
        issued = client.CoreV1Api(api).create_namespaced_service_account_token(
            "default-editor", NAMESPACE, spec
        )
    return str(issued.status.token)


@contextmanager
def dex(where: Endpoints, _: Path) -> Iterator[Way]:
    yield [f"--kf-username={where.username}"], {"KF_PASSWORD": str(where.password)}


@contextmanager
def given_token(where: Endpoints, _: Path) -> Iterator[Way]:
    yield [f"--kf-namespace={NAMESPACE}"], {"KF_TOKEN": token(where)}


@contextmanager
def projected(where: Endpoints, folder: Path) -> Iterator[Way]:
    (folder / "token").write_text(token(where))
    variable = {"KF_PIPELINES_SA_TOKEN_PATH": str(folder / "token")}
    yield [f"--kf-namespace={NAMESPACE}", "--kf-auth=projected"], variable


@contextmanager
def token_request(_where: Endpoints, _: Path) -> Iterator[Way]:
    yield [f"--kf-namespace={NAMESPACE}", "--kf-auth=token-request"], {}


@contextmanager
def cookie(where: Endpoints, _: Path) -> Iterator[Way]:
    login = DexLogin(
        where.host,
        GatewaySettings(),
        username=str(where.username),
        password=Secret(str(where.password)),
        redactor=Redactor(),
    )
    yield [f"--kf-namespace={NAMESPACE}"], {"KF_COOKIE": login.headers()["Cookie"]}


@contextmanager
def through_a_proxy(where: Endpoints, folder: Path) -> Iterator[Way]:
    with forward_proxy() as (url, led), dex(where, folder) as (options, environment):
        yield options, {**environment, "HTTP_PROXY": url, "HTTPS_PROXY": url, "NO_PROXY": ""}
        assert {one.partition(" ")[0] for one in led} >= {"CONNECT", "GET", "POST", "PUT"}


WAYS = [dex, given_token, projected, token_request, cookie, through_a_proxy]


@pytest.mark.parametrize("way", WAYS, ids=[way.__name__ for way in WAYS])
def test_the_suites_pass(
    where: Endpoints, tmp_path: Path, way: Callable[[Endpoints, Path], Any]
) -> None:
    with way(where, tmp_path) as (options, environment):
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--tb=short"),
                f"--kf-host={where.host}",
                f"--kf-kubeconfig={where.kubeconfig}",
                f"--kf-s3-endpoint={where.s3_endpoint}",
                *options,
                *SUITES,
            ],
            cwd=ROOT,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\n=+ \d+ passed in ", done.stdout), done.stdout
