"""Clusters that are nowhere: what facts are read from, and a session that answers."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any, cast

import requests

from pytest_kubeflow.cluster import Cluster


class Answering:
    """A session whose every answer is this one."""

    def __init__(self, status: int, body: bytes) -> None:
        self.asked: list[str] = []
        self._answer = requests.Response()
        self._answer.status_code = status
        self._answer._content = body

    def get(self, url: str, **_: object) -> requests.Response:
        self.asked.append(url)
        return self._answer


def cluster(session: object, **changes: Any) -> Cluster:
    """A cluster that tells everything; `session` asks its gateway."""
    told: dict[str, Any] = {
        "gateway_url": "https://kf.example",
        "kfp_api_url": "https://kf.example/pipeline",
        "multi_user": True,
        "user": "user@example.com",
        "credentials": SimpleNamespace(description="Dex login"),
        "login_reason": "a password was given",
        "session": lambda: nullcontext(session),
        "capabilities": frozenset({"pipelines", "kserve"}),
        "has": lambda component: component == "gpu",
        "storage_classes": lambda: ["fast", "slow"],
        "kubernetes": SimpleNamespace(
            version=SimpleNamespace(get_code=lambda: SimpleNamespace(git_version="v1.33.0"))
        ),
    }
    return cast(Cluster, SimpleNamespace(**(told | changes)))
