"""Which limit a pod has gone over: of a volume, of a container, or of all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kubelet.pods.eviction import is_limited, verdict

MEBIBYTE = 1 << 20


def container(name: str, limit: str = "") -> Object:
    return {"name": name, "resources": {"limits": {"ephemeral-storage": limit} if limit else {}}}


def written(path: Path, mebibytes: int) -> Path:
    path.mkdir()
    (path / "file").write_bytes(b"x" * (mebibytes * MEBIBYTE))
    return path


@pytest.mark.parametrize(
    ("limits", "sizes", "message"),
    [
        (("1Mi", "10Mi"), (2, 1), 'Container a exceeded its local ephemeral storage limit "1Mi". '),
        (("10Mi", "1Mi"), (2, 1), None),
        (("10Mi", ""), (2, 20), "Pod ephemeral local storage usage exceeds the total limit of "
         "containers 10Mi. "),
        (("", ""), (9, 9), None),
    ],
)  # fmt: skip
def test_each_container_has_its_own(
    tmp_path: Path, limits: tuple[str, str], sizes: tuple[int, int], message: str | None
) -> None:
    pod = {"spec": {"containers": [container(*one) for one in zip("ab", limits, strict=True)]}}
    paths = {name: written(tmp_path / name, size) for name, size in zip("ab", sizes, strict=True)}
    assert is_limited(pod) is any(limits)
    assert verdict(pod, {}, paths) == message
