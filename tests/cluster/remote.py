"""An embedded cluster that is tested as a remote one would be: by its addresses alone."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.local.endpoints import Endpoints

NAMESPACE = "kubeflow-user-example-com"
# Unbuffered, so that what goes to stdout and what goes to stderr keep their order.
COMMAND = (sys.executable, "-u", "-m", "pytest", "-p", "no:cacheprovider", "--tb=short")


@dataclass
class Remote:
    """Where it is, how pytest is told, and what is on it now."""

    endpoints: Endpoints
    core: Any
    custom: Any

    @property
    def arguments(self) -> list[str]:
        """For pytest; the password comes by KF_PASSWORD."""
        where = self.endpoints
        return [
            f"--kf-host={where.host}",
            f"--kf-username={where.username}",
            f"--kf-kubeconfig={where.kubeconfig}",
            f"--kf-s3-endpoint={where.s3_endpoint}",
        ]

    def start(self, folder: Path, *arguments: str) -> subprocess.Popen[str]:
        """Begin a session in `folder`, in a process group of its own."""
        return self.begin(folder, *self.arguments, *arguments)

    @staticmethod
    def begin(folder: Path, *arguments: str) -> subprocess.Popen[str]:
        """The same with these arguments alone."""
        return subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, folder: Path, *arguments: str, seconds: float = 60) -> tuple[int, str]:
        """A whole session in `folder`: its exit code and output."""
        return self.run_with(folder, *self.arguments, *arguments, seconds=seconds)

    def run_with(self, folder: Path, *arguments: str, seconds: float = 60) -> tuple[int, str]:
        """The same with other arguments than the usual ones."""
        with self.begin(folder, *arguments) as session:
            try:
                output, _ = session.communicate(timeout=seconds)
            finally:
                session.kill()
        return session.returncode, output

    def things(self) -> set[str]:
        """What is there: objects of Kubernetes, of the pipelines, of the object store."""
        return {*self._objects(), *self._pipelines(), *self._stored()}

    def wait_until_as(self, before: set[str], seconds: float = 20) -> None:
        """Wait until `things` are what they were; tell what is new or gone if they never are."""
        ends = time.monotonic() + seconds
        while (now := self.things()) != before:
            message = (
                f"after {seconds} s, new: {sorted(now - before)}, gone: {sorted(before - now)}"
            )
            assert time.monotonic() < ends, message
            time.sleep(0.05)

    def _objects(self) -> Iterator[str]:
        for listing in (
            self.core.list_namespace,
            self.core.list_pod_for_all_namespaces,
            self.core.list_persistent_volume_claim_for_all_namespaces,
            self.core.list_config_map_for_all_namespaces,
            self.core.list_secret_for_all_namespaces,
        ):
            for item in listing().items:
                metadata = item.metadata
                yield f"{listing.__name__} {metadata.namespace}/{metadata.name}"
        for group, version, plural in (
            ("kubeflow.org", "v1", "profiles"),
            ("argoproj.io", "v1alpha1", "workflows"),
        ):
            for item in self.custom.list_cluster_custom_object(group, version, plural)["items"]:
                yield f"{plural} {item['metadata'].get('namespace')}/{item['metadata']['name']}"

    def api(self, method: str, path: str, **options: Any) -> Any:
        """Ask the pipelines API as the owner of the example namespace."""
        request = {"spec": {"expirationSeconds": 600}}
        token = self.core.create_namespaced_service_account_token(
            "default-editor", NAMESPACE, request
        ).status.token
        answer = requests.request(
            method,
            f"{self.endpoints.host}/pipeline/apis/v2beta1/{path}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=20,
            **options,
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def _pipelines(self) -> Iterator[str]:
        for kind, query in (
            ("runs", f"?namespace={NAMESPACE}&page_size=200"),
            ("experiments", f"?namespace={NAMESPACE}&page_size=200"),
            ("pipelines", f"?namespace={NAMESPACE}&page_size=200"),
            ("pipelines", "?page_size=200"),
        ):
            for item in self.api("GET", kind + query).get(kind, []):
                yield f"{kind} {item['display_name']}"

    @property
    def store(self) -> Any:
        """A Minio client with the store's own keys."""
        from minio import Minio

        keys = self.core.read_namespaced_secret("mlpipeline-minio-artifact", "kubeflow").data
        access, secret = (
            base64.b64decode(keys[key]).decode() for key in ("accesskey", "secretkey")
        )
        address = self.endpoints.s3_endpoint.removeprefix("http://")
        return Minio(address, access, secret, secure=False, region="us-east-1")

    def _stored(self) -> Iterator[str]:
        store = self.store
        for bucket in store.list_buckets():
            yield f"bucket {bucket.name}"
            for item in store.list_objects(bucket.name, recursive=True):
                yield f"object {bucket.name}/{item.object_name}"


@contextmanager
def serving(*, multi_user: bool = True) -> Iterator[Remote]:
    """Start one and stop it."""
    from kubernetes import client, config

    with LocalKubeflow(multi_user=multi_user) as running:
        api = config.new_client_from_config(str(running.endpoints.kubeconfig))
        yield Remote(running.endpoints, client.CoreV1Api(api), client.CustomObjectsApi(api))
        api.close()


@contextmanager
def no_pods_of(remote: Remote, *services: tuple[str, str]) -> Iterator[None]:
    """While inside, these Services (namespace, name) lead to nobody."""
    selectors = {
        one: remote.core.read_namespaced_service(one[1], one[0]).spec.selector for one in services
    }
    for namespace, name in services:
        nobody = {"spec": {"selector": {"app": "nobody"}}}
        remote.core.patch_namespaced_service(name, namespace, nobody)
    try:
        yield
    finally:
        for (namespace, name), selector in selectors.items():
            before = {"spec": {"selector": {"app": None, **selector}}}
            remote.core.patch_namespaced_service(name, namespace, before)


@pytest.fixture(scope="session")
def remote() -> Iterator[Remote]:
    """One a process and folder."""
    with serving() as cluster:
        yield cluster


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The sessions that tests start see no configuration but theirs, and the right password."""
    for name in [*os.environ]:
        if name.startswith(("KF_", "PYTEST_", "KUBECONFIG", "KUBERNETES_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("KF_PASSWORD", "12341234")


def wait_until(question: Callable[[], Any], seconds: float = 60) -> Any:
    """The first answer that is true."""
    ends = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < ends, f"not within {seconds} s"
        time.sleep(0.05)
    return answer
