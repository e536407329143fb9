"""Which login of a pod's Secrets is for which image: kubernetes' DockerKeyring."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from pytest_kubeflow.local.kubelet.images.name import ImageName
from pytest_kubeflow.local.kubelet.images.pullsecrets import RegistryLogin, chosen, logins_in


def secret(auths: object, kind: str = "dockerconfigjson") -> dict[str, Any]:
    document = {"auths": auths} if kind == "dockerconfigjson" else auths
    data = {f".{kind}": base64.b64encode(json.dumps(document).encode()).decode()}
    return {"type": f"kubernetes.io/{kind}", "data": data}


def image(text: str) -> ImageName:
    found = ImageName.parse(text)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("key", "name", "expected"),
    [
        ("127.0.0.1:5", "127.0.0.1:5/a/b:1", True),
        ("http://127.0.0.1:5", "127.0.0.1:5/a/b:1", True),
        ("127.0.0.1:6", "127.0.0.1:5/a/b:1", False),
        ("https://index.docker.io/v1/", "me/tool", True),
        ("r.example/team", "r.example/team/tool", True),
        ("r.example/team", "r.example/teams/tool", False),
        ("*.example", "r.example/tool", True),
        ("*.example", "a.r.example/tool", False),
    ],
)
def test_for_which_image(key: str, name: str, *, expected: bool) -> None:
    (login,) = logins_in(secret({key: {"username": "u", "password": "p"}}))
    assert login.is_for(image(name)) is expected
    assert list(chosen([login], image(name))) == [login if expected else None]


def test_both_kinds_and_both_forms() -> None:
    basic = base64.b64encode(b"u:p").decode()
    for kind in ("dockerconfigjson", "dockercfg"):
        for entry in ({"auth": basic}, {"username": "u", "password": "p"}):
            assert logins_in(secret({"r.example": entry}, kind)) == [
                RegistryLogin("r.example", "", basic)
            ]
    assert basic not in repr(RegistryLogin("r.example", "", basic))


@pytest.mark.parametrize(
    "broken",
    [
        {"type": "Opaque", "data": {".dockerconfigjson": "e30="}},
        {"type": "kubernetes.io/dockerconfigjson"},
        {"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": "!"}},
        {"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": "e30="}},
        secret({"r.example": 1}),
        secret([]),
    ],
)
def test_secrets_that_have_no_login(broken: dict[str, Any]) -> None:
    assert logins_in(broken) == []
