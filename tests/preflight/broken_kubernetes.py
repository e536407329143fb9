"""Kubernetes that is not reached, or gives too little."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.cluster.remote import NAMESPACE, Remote, no_pods_of
from tests.cluster.web import closed_port

from .setup import Given, good, in_clear, kubeconfig, server_of, setup


@setup(r"--kf-kubeconfig=\S+ .*: cannot talk to Kubernetes: .*: connection refused")
def kubernetes_down(remote: Remote, folder: Path) -> Iterator[Given]:
    with closed_port() as port:
        file = kubeconfig(folder, f"https://127.0.0.1:{port}", {"token": "planted-token"})
        yield good(remote, kubeconfig=file), in_clear(remote)


@setup(r"--kf-kubeconfig=\S+ .*: cannot talk to Kubernetes: Kubernetes answers 401: Unauthorized")
def kubernetes_token_that_is_wrong(remote: Remote, folder: Path) -> Iterator[Given]:
    server, more = server_of(remote)
    file = kubeconfig(folder, server, {"token": "planted-token"}, **more)
    yield good(remote, kubeconfig=file), in_clear(remote)


@setup(r"the certificate of 127\.0\.0\.1:\d+ is not accepted|certificate verify failed")
def kubernetes_certificate_of_an_unknown_authority(remote: Remote, folder: Path) -> Iterator[Given]:
    server, _ = server_of(remote)
    file = kubeconfig(folder, server, {"token": "planted-token"})
    yield good(remote, kubeconfig=file), in_clear(remote)


@setup(r"the kubeconfig \S+ cannot be used: its exec plugin .*/no-such-plugin")
def exec_plugin_that_is_gone(remote: Remote, folder: Path) -> Iterator[Given]:
    server, more = server_of(remote)
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": str(folder / "no-such-plugin"),
        "interactiveMode": "Never",
    }
    file = kubeconfig(folder, server, {"exec": plugin}, **more)
    yield good(remote, kubeconfig=file), in_clear(remote)


@setup(r"the kubeconfig \S+ cannot be used: its exec plugin fails: .*returned 3. log in first")
def exec_plugin_that_fails(remote: Remote, folder: Path) -> Iterator[Given]:
    server, more = server_of(remote)
    program = folder / "plugin"
    program.write_text("#!/bin/sh\necho 'log in first' >&2\nexit 3\n")
    program.chmod(0o755)
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": str(program),
        "interactiveMode": "Never",
    }
    file = kubeconfig(folder, server, {"exec": plugin}, **more)
    yield good(remote, kubeconfig=file), in_clear(remote)


@setup(r"there is no context 'staging' in \S+; contexts there: embedded")
def context_that_is_not_there(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote, context="staging"), in_clear(remote)


@setup(r"there is no namespace 'nobodys' on this cluster")
def namespace_that_is_not_there(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote, namespace="nobodys"), in_clear(remote)


@setup(r"--kf-namespace=default .*: user@example\.com may not use the pipelines there")
def namespace_of_others(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote, namespace="default"), in_clear(remote)


@setup(r"this cluster has no such storage class; those that exist: standard, immediate")
def storage_class_that_is_not_there(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote, storage_class="fast"), in_clear(remote)


@setup(r"--kf-host was not given, and there is nothing to forward a port to: .*give --kf-host=URL")
def neither_host_nor_gateway(remote: Remote, _: Path) -> Iterator[Given]:
    services = (
        ("istio-system", "istio-ingressgateway"),
        ("kubeflow", "ml-pipeline-ui"),
        ("kubeflow", "ml-pipeline"),
    )
    with no_pods_of(remote, *services):
        yield good(remote, host=""), in_clear(remote)


@setup(r"we may not, in kubeflow-user-example-com: .*create, .*persistentvolumeclaims", warns=True)
def rights_that_are_missing(remote: Remote, folder: Path) -> Iterator[Given]:
    server, more = server_of(remote)
    spec: dict[str, Any] = {"spec": {"expirationSeconds": 600, "audiences": []}}
    issued = remote.core.create_namespaced_service_account_token("default-viewer", NAMESPACE, spec)
    file = kubeconfig(folder, server, {"token": issued.status.token}, **more)
    yield good(remote, kubeconfig=file, namespace=NAMESPACE), in_clear(remote)


@setup(r"there is no access to Kubernetes: .* cannot be tested, .*give --kf-kubeconfig", warns=True)
def no_access_to_kubernetes(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote, kubeconfig="", namespace=NAMESPACE), in_clear(remote)


@setup(
    r"namespace kubeflow-user-example-com: there is no service account default-editor, "
    r"so every run fails \(.*profiles-deployment"
)
def profile_without_its_service_account(remote: Remote, _: Path) -> Iterator[Given]:
    account = remote.core.read_namespaced_service_account("default-editor", NAMESPACE)
    remote.core.delete_namespaced_service_account("default-editor", NAMESPACE)
    try:
        yield good(remote, namespace=NAMESPACE), in_clear(remote)
    finally:
        remote.core.create_namespaced_service_account(NAMESPACE, _again(account))


@setup(
    r"namespace kubeflow-user-example-com: there is no Secret mlpipeline-minio-artifact .*"
    r"so every artifact fails \(.*kubeflow-pipelines-profile-controller"
)
def profile_without_its_keys(remote: Remote, _: Path) -> Iterator[Given]:
    name = "mlpipeline-minio-artifact"
    keys = remote.core.read_namespaced_secret(name, NAMESPACE)
    remote.core.delete_namespaced_secret(name, NAMESPACE)
    try:
        yield good(remote, namespace=NAMESPACE), in_clear(remote)
    finally:
        remote.core.create_namespaced_secret(NAMESPACE, _again(keys))


def _again(found: Any) -> Any:
    """An object to be created like this one."""
    found.metadata = {"name": found.metadata.name, "labels": found.metadata.labels}
    return found
