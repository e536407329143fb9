"""An embedded cluster with its two users, each logged in as a browser would be."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from pytest_kubeflow.local.cluster import Endpoints, LocalKubeflow

SECONDS = 60


@dataclass
class Person:
    """Somebody with a session at the gateway."""

    url: str
    email: str
    namespace: str
    session: requests.Session = field(default_factory=requests.Session)

    def log_in(self, password: str) -> None:
        form = self.session.get(f"{self.url}/oauth2/start", timeout=10)
        action = re.search(r'action="([^"]+)"', form.text)
        assert action is not None
        target = self.url + action[1].replace("&amp;", "&")
        body = {"login": self.email, "password": password}
        assert self.session.post(target, data=body, timeout=10).status_code == 200

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, self.url + path, timeout=30, **options)


@pytest.fixture(scope="package")
def cluster() -> Iterator[Endpoints]:
    with LocalKubeflow() as running:
        yield running.endpoints


@pytest.fixture(scope="package")
def core(cluster: Endpoints) -> Iterator[Any]:
    """The Kubernetes API as an administrator."""
    from kubernetes import client, config

    api = config.new_client_from_config(str(cluster.kubeconfig))
    yield client.CoreV1Api(api)
    api.close()


def logged_in(cluster: Endpoints, email: str, password: str, namespace: str) -> Person:
    person = Person(cluster.host, email, namespace)
    person.log_in(password)
    return person


@pytest.fixture(scope="package")
def owner(cluster: Endpoints) -> Person:
    assert cluster.username is not None
    assert cluster.password is not None
    return logged_in(cluster, cluster.username, cluster.password, cluster.namespace)


@pytest.fixture(scope="package")
def other(cluster: Endpoints) -> Person:
    (second,) = cluster.others
    assert second.namespace is not None
    return logged_in(cluster, second.email, second.password, second.namespace)


def eventually(question: Callable[[], bool], *, within: float = SECONDS) -> None:
    ends = time.monotonic() + within
    while not question():
        assert time.monotonic() < ends, f"not within {within} s"
        time.sleep(0.05)
