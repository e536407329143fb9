"""Servers' own words are kept: of JSON, HTML and plain text, and by everybody who translates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.auth.anonymous import Anonymous
from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.client import calling as calling_kubernetes
from pytest_kubeflow.objectstore.client import S3Access, translated
from pytest_kubeflow.pipelines.client import calling, make_kfp_client
from pytest_kubeflow.pipelines.runs.logs import PodLogs
from pytest_kubeflow.redaction import Secret
from pytest_kubeflow.response_text import LONGEST, words_of
from pytest_kubeflow.retries.policy import outages_of
from tests.cluster.web import web
from tests.retries.unreliable import SIGN_IN

RBAC = "RBAC: access denied"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (RBAC, RBAC),
        (RBAC.encode(), RBAC),
        ('{"message": "no such run", "code": 5}', "no such run"),
        ('{"error": "model is not ready"}', "model is not ready"),
        ('{"success": false, "status": 403, "log": "you may not"}', "you may not"),
        (
            '{"error_message": "no entrypoint", "error_details": "Invalid input: no entrypoint"}',
            "Invalid input: no entrypoint",
        ),
        ('{"detail": [{"loc": ["body"]}]}', '[{"loc": ["body"]}]'),
        ('{"other": 1}', '{"other": 1}'),
        ("{broken", "{broken"),
        ("<html><head><title>t</title></head><p>Bad\n<b>Gateway</b></p></html>", "Bad Gateway"),
        ("<html><head><title>502 Bad Gateway</title></head></html>", "502 Bad Gateway"),
        ("line one\n  line two\n", "line one line two"),
        (b"\xff\xfe broken", "�� broken"),
        ("", ""),
        (None, ""),
    ],
)
def test_words(body: str | bytes | None, words: str) -> None:
    assert words_of(body) == words


def test_words_are_bounded_and_redacted() -> None:
    assert len(words_of("x" * 10**6)) <= LONGEST + 3
    assert TOKEN not in words_of(f"Bearer {TOKEN} is not valid")


@contextmanager
def refusing(status: int, body: str) -> Iterator[str]:
    """A gateway that answers so, in plain text."""
    with web(lambda _: (status, {"Content-Type": "text/plain"}, body.encode())) as port:
        yield f"http://127.0.0.1:{port}"


def ask_pipelines(url: str, _: Path) -> None:
    client = make_kfp_client(
        url, credentials=Anonymous(), settings=GatewaySettings(), namespace="team"
    )
    with calling("list experiments"):
        client.list_experiments(namespace="team")


def ask_kubernetes(url: str, folder: Path) -> None:
    file = folder / "kubeconfig"
    file.write_text(
        '{"apiVersion": "v1", "kind": "Config", "current-context": "c", "users": [],'
        f'"clusters": [{{"name": "c", "cluster": {{"server": "{url}"}}}}],'
        '"contexts": [{"name": "c", "context": {"cluster": "c", "user": ""}}]}'
    )
    kubernetes = KubernetesClient(file)
    with calling_kubernetes("list pods"), outages_of(0.1):
        kubernetes.core.list_namespaced_pod("team")


def ask_store(url: str, _: Path) -> None:
    access = S3Access(url, Secret("access"), Secret("secret-key"), region="us-east-1")
    with translated("list buckets"):
        access.connect(patient=False).list_buckets()


def ask_pipelines_ui(url: str, _: Path) -> None:
    import requests

    with requests.Session() as session:
        PodLogs("team", kubernetes=None, session=session, host=url).read("pod", "run")


ASKING: dict[str, Callable[[str, Path], Any]] = {
    "pipelines": ask_pipelines,
    "Kubernetes": ask_kubernetes,
    "object store": ask_store,
    "pipelines' UI": ask_pipelines_ui,
}


@pytest.mark.parametrize("asked", ASKING)
@pytest.mark.parametrize(
    ("status", "words"),
    [(403, RBAC), (503, "no healthy upstream")],
    ids=["refused", "down"],
)
def test_plain_words_are_kept(asked: str, status: int, words: str, tmp_path: Path) -> None:
    with refusing(status, words) as url, outages_of(1.0), pytest.raises(KubeflowError) as found:
        ASKING[asked](url, tmp_path)
    assert words in found.value.message
    assert str(status) in found.value.message


@pytest.mark.parametrize("asked", ASKING)
def test_a_page_with_status_200_is_no_answer(asked: str, tmp_path: Path) -> None:
    """A login or a proxy answers in the server's place: an error, never an empty result."""
    with web(lambda _: SIGN_IN) as port, pytest.raises(KubeflowError):
        ASKING[asked](f"http://127.0.0.1:{port}", tmp_path)
