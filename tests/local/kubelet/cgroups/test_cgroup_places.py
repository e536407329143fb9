from __future__ import annotations

import asyncio
import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.local.kubelet.cgroups import Enforcement, Refusal
from pytest_kubeflow.local.kubelet.cgroups.hierarchies import Hierarchy, hierarchies
from pytest_kubeflow.local.kubelet.cgroups.usable_cgroups import candidates, claim
from pytest_kubeflow.local.spawner import Spawner

NONE: frozenset[str] = frozenset()
BOTH = frozenset({"cpu", "memory"})
NOBODY = 65534


def refusals(*found: Hierarchy) -> dict[str, str]:
    places, refused = claim(found, "pytest-kubeflow-test")
    assert places == []
    return {controller: refusal.reason for controller, refusal in refused.items()}


def v2(directory: Path, controllers: str = "cpu memory", *, readonly: bool = False) -> Hierarchy:
    """A directory that looks like a cgroup of version 2, and is none."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "cgroup.controllers").write_text(controllers)
    (directory / "cgroup.subtree_control").write_text("")
    return Hierarchy(2, NONE, directory, directory, readonly)


def test_nothing_mounted() -> None:
    assert refusals() == {"cpu": "NotMounted", "memory": "NotMounted"}


def test_mounted_read_only(tmp_path: Path) -> None:
    assert set(refusals(v2(tmp_path, readonly=True)).values()) == {"ReadOnly"}
    assert set(refusals(Hierarchy(1, BOTH, tmp_path, tmp_path, readonly=True)).values()) == {
        "ReadOnly"
    }


def test_own_cgroup_out_of_sight(tmp_path: Path) -> None:
    assert set(refusals(Hierarchy(1, BOTH, tmp_path, None, readonly=False)).values()) == {
        "NotMounted"
    }


def test_a_controller_that_is_not_offered_is_named(tmp_path: Path) -> None:
    _, refused = claim([v2(tmp_path, "memory pids")], "test")
    assert refused["cpu"].reason == "ControllerMissing"
    assert "has no controller cpu" in refused["cpu"].message


def test_a_controller_that_is_not_delegated_is_named(tmp_path: Path) -> None:
    top = v2(tmp_path)
    own = v2(tmp_path / "user", "memory")
    (tmp_path / "cgroup.subtree_control").unlink()
    _, refused = claim([Hierarchy(2, NONE, top.mount, own.own, readonly=False)], "test")
    assert "Delegate=cpu memory pids" in refused["cpu"].message


def test_no_delegation(tmp_path: Path) -> None:
    v2(tmp_path)
    (tmp_path / "cgroup.subtree_control").unlink()
    own = tmp_path / "session"
    own.mkdir()
    _, refused = claim([Hierarchy(2, NONE, tmp_path, own, readonly=False)], "test")
    assert refused["memory"].reason == "NoDelegation"
    assert "systemd-run --user --scope -p Delegate=yes" in refused["memory"].message


def test_what_only_looks_like_a_cgroup_is_not_claimed(tmp_path: Path) -> None:
    assert refusals(v2(tmp_path)) == {"cpu": "Refused", "memory": "Refused"}
    plain = tmp_path / "plain"
    plain.mkdir()
    assert refusals(Hierarchy(1, BOTH, plain, plain, readonly=False)) == {
        "cpu": "Refused",
        "memory": "Refused",
    }


def real() -> list[Hierarchy]:
    process = Path("/proc/self")
    return hierarchies((process / "cgroup").read_text(), (process / "mountinfo").read_text())


def _claim_as_nobody(answers: Any) -> None:
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    places, refused = claim(real(), "pytest-kubeflow-nobody")
    answers.send((len(places), {name: (one.reason, str(one)) for name, one in refused.items()}))


def test_an_ordinary_user_is_told_what_would_help() -> None:
    if os.getuid() != 0:
        pytest.skip("becoming an ordinary user needs root")
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_claim_as_nobody, args=(theirs,))
    process.start()
    theirs.close()
    count, refused = ours.recv()
    process.join()
    assert count == 0
    assert set(refused) == {"cpu", "memory"}
    for reason, message in refused.values():
        assert reason in {"NotRoot", "NoDelegation", "ReadOnly", "NotMounted"}
        assert (reason != "NotRoot") or "run as root" in message
    assert not any(path.exists() for path in candidates(real(), "pytest-kubeflow-nobody"))


def test_what_the_node_says_is_what_is_there() -> None:
    async def opened() -> tuple[Enforcement, list[bool]]:
        enforcement = Enforcement("node-1")
        async with Spawner() as spawner:
            await enforcement.open(spawner)
            there = [place.directory.is_dir() for place in enforcement.places]
        return enforcement, there

    enforcement, there = asyncio.run(opened())
    assert all(there)
    assert not any(place.directory.exists() for place in enforcement.places)
    enforced = {name for place in enforcement.places for name in place.controllers}
    assert enforcement.complete == (enforced == {"cpu", "memory"})
    for place in enforcement.places:
        assert str(place.directory) in enforcement.message
    assert ("are not enforced" in enforcement.message) is not enforcement.complete


def test_one_limit_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = Refusal("ControllerMissing", "no such controller")
    enforcement = Enforcement("node-1")
    monkeypatch.setattr(enforcement, "_refusals", {"cpu": refusal})
    assert not enforcement.complete
    assert enforcement.reason == "ControllerMissing"
    assert enforcement.message == "limits of cpu are not enforced: no such controller"
    limits = {"resources": {"limits": {"memory": "1Mi"}}}
    pod = {"metadata": {"uid": "u"}, "spec": {"containers": [{"name": "c", **limits}]}}
    assert enforcement.refused(pod) == ("ControllerMissing", enforcement.message)
    assert enforcement.refused({"spec": {"containers": [{"name": "c"}]}}) is None
