"""Names by which pods ask for services of revisions."""

from __future__ import annotations

import pytest

from pytest_kubeflow.local.gateway.localgateway import full_name


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("iris.team", "iris.team.svc.cluster.local"),
        ("iris.team:80", "iris.team.svc.cluster.local"),
        ("iris.team.svc", "iris.team.svc.cluster.local"),
        ("Iris.Team.svc.cluster.local:80", "iris.team.svc.cluster.local"),
        ("iris.team.example.com", "iris.team.example.com"),
        ("iris", "iris"),
        ("", ""),
    ],
)
def test_whole_names(host: str, name: str) -> None:
    assert full_name(host) == name
