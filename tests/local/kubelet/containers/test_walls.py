"""A pod gets at nothing of other pods, of the cluster and of the machine, as root neither."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.local.kube.resources import SECRETS
from tests.local.kubelet.conftest import NAMESPACE, Cluster, phase, sh

INTRUDER = Path(__file__).with_name("intruder.py")


@pytest.fixture
def word(cluster: Cluster) -> Iterator[str]:
    """What another pod, which runs, has in its environment, its Secret and its volume."""
    word = secrets.token_hex(16)
    data = {"key": base64.b64encode(word.encode()).decode()}
    cluster.do(
        cluster.client.create(
            SECRETS, {"metadata": {"name": f"of-{word}", "namespace": NAMESPACE}, "data": data}
        )
    )
    pod = cluster.create(
        sh(
            "cp /given/key /kept/key; exec sleep 1000",
            env=[{"name": "WORD", "value": word}],
            volumeMounts=[
                {"name": "given", "mountPath": "/given"},
                {"name": "kept", "mountPath": "/kept"},
            ],
        ),
        volumes=[
            {"name": "given", "secret": {"secretName": f"of-{word}"}},
            {"name": "kept", "emptyDir": {}},
        ],
    )
    cluster.until(pod, lambda one: phase(one) == "Running")
    yield word
    cluster.delete(pod, grace=0)


def intrude(cluster: Cluster, word: str, user: int, **spec: Any) -> str:
    """What the intruder tells."""
    mounts = [{"name": one["name"], "mountPath": "/given"} for one in spec.get("volumes", [])]
    return cluster.output(
        {
            "image": "python:3.11",
            "command": ["python3", "-c", INTRUDER.read_text(encoding="utf-8")],
            "args": [word[::-1], str(cluster.directory)],
            "securityContext": {"runAsUser": user},
            "volumeMounts": mounts,
        },
        **spec,
    )


@pytest.mark.parametrize("user", [0, 1000])
def test_an_intruder_gets_at_nothing(cluster: Cluster, word: str, user: int) -> None:
    assert intrude(cluster, word, user) == "done\n"


def test_an_intruder_who_is_given_it_gets_at_it(cluster: Cluster, word: str) -> None:
    given = {"name": "given", "secret": {"secretName": f"of-{word}"}}
    assert intrude(cluster, word, 0, volumes=[given]).startswith("volumes: ")
