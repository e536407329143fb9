"""What a notebook can be asked to be, and what is refused before anything is made."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.notebooks.spec import HOME, NewClaim, NotebookSpec


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"cpu": "lots"}, "cpu='lots' of a notebook: 'lots' is no quantity"),
        ({"memory": "-1"}, "memory='-1' of a notebook: less than nothing"),
        ({"memory_limit": 2}, "memory_limit=2 of a notebook"),
        ({"cpu": "3"}, "cpu='3' is more than cpu_limit='2': give both"),
        ({"mounts": {"data": "claim"}}, "'data' is no directory to mount a claim at"),
        ({"mounts": {"/a:b": "claim"}}, "'/a:b' is no directory to mount a claim at"),
        ({"mounts": {"/data": "bad name!"}}, "'bad name!' is no name of a volume claim"),
        ({"mounts": {"/data": "x" * 254}}, "is no name of a volume claim"),
        ({"mounts": {"/data": NewClaim("much")}}, "size='much' of a notebook"),
        ({"env": {"A=B": "1"}}, "is no variable; valid: a name without ="),
        ({"env": {"A": 1}}, "env={'A': 1} is no variable"),
    ],
)
def test_what_no_pod_can_be_is_one_line(spec: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        NotebookSpec("image", **spec)
    assert message in refused.value.message
    assert "\n" not in refused.value.message


def test_each_new_claim_has_a_name_of_its_own() -> None:
    mounts = {HOME: NewClaim("1Gi"), "/a": NewClaim("1Gi"), "/b": NewClaim("1Gi")}
    made = NotebookSpec("image", mounts=mounts)
    names = [one["metadata"]["name"] for one in made.claims("nb", {})]
    assert names == ["nb-workspace", "nb-datavol-1", "nb-datavol-2"]
    form = made.form("nb", "team", {}, {})
    assert form["workspace"]["newPvc"]["metadata"]["name"] == "nb-workspace"
    assert [one["newPvc"]["metadata"]["name"] for one in form["datavols"]] == names[1:]
    pod = made.manifest("nb", "team", {})["spec"]["template"]["spec"]
    assert [one["persistentVolumeClaim"]["claimName"] for one in pod["volumes"]] == names


def test_a_claim_is_mounted_by_a_volume_that_can_be_called_so() -> None:
    """Names of claims may be longer than those of volumes, have dots, and be mounted twice."""
    mounts = {"/a": "with.dots", "/b": "with.dots", "/c": "c" * 64, "/d": "plain"}
    pod = NotebookSpec("image", mounts=mounts).manifest("nb", "team", {})["spec"]["template"][
        "spec"
    ]
    volumes = {one["name"]: one["persistentVolumeClaim"]["claimName"] for one in pod["volumes"]}
    assert volumes == {"volume-0": "with.dots", "volume-1": "c" * 64, "plain": "plain"}
    mounted = [(one["mountPath"], one["name"]) for one in pod["containers"][0]["volumeMounts"]]
    assert mounted == [("/a", "volume-0"), ("/b", "volume-0"), ("/c", "volume-1"), ("/d", "plain")]
