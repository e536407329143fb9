"""By whose clock a session with Kubernetes alone says what has expired."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from pytest_kubeflow.cluster.kubernetes import clock_skew
from pytest_kubeflow.k8s.client import KubernetesClient

from .web import web

_FIELDS = ("gitCommit", "buildDate", "gitTreeState", "goVersion", "compiler", "platform")
VERSION = json.dumps(
    {"major": "1", "minor": "34", "gitVersion": "v1.34.4", **dict.fromkeys(_FIELDS, "")}
).encode()


def answer(_: str) -> tuple[int, Mapping[str, str], bytes]:
    return 200, {"Content-Type": "application/json"}, VERSION


@pytest.mark.parametrize("ahead", [0.0, 14400.0, -14400.0])
def test_the_api_server_s_own(tmp_path: Path, ahead: float) -> None:
    with web(answer, clock=ahead) as port:
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(
            "apiVersion: v1\nkind: Config\ncurrent-context: it\n"
            f"clusters: [{{name: it, cluster: {{server: 'http://127.0.0.1:{port}'}}}}]\n"
            "users: [{name: it, user: {}}]\n"
            "contexts: [{name: it, context: {cluster: it, user: it}}]\n"
        )
        kubernetes = KubernetesClient(kubeconfig)
        try:
            assert clock_skew(kubernetes) == pytest.approx(-ahead, abs=30)
        finally:
            kubernetes.close()
