"""The checks of training are red for what no fault of a cluster shows: wrong sums, shared GPUs."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pytest_kubeflow import (
    AccountAtKubernetes,
    Inventory,
    JobCreator,
    KubeflowConfig,
    KubernetesClient,
    PermissionDenied,
    TrainingJob,
    TrainingNode,
)
from pytest_kubeflow.skipping.cause import Skipped
from suites.training import test_access as access_checks
from suites.training import test_all_reduce as reduce_checks
from suites.training import test_digits as digits_checks
from suites.training import test_endings as ending_checks
from suites.training import test_gpus as gpu_checks
from suites.training import test_operator as operator_checks
from suites.training import test_refusals as refusal_checks
from suites.training import test_sidecars as sidecar_checks
from suites.training import test_torch as torch_checks
from suites.training.ring import share_of

SEED = 11
SUMS = [a + b for a, b in zip(share_of(0, SEED), share_of(1, SEED), strict=True)]
HOSTS = ["mine-node-0-0", "mine-node-0-1"]


def node(rank: int, *, host: str = "", sidecars: tuple[str, ...] = ()) -> Any:
    pod = SimpleNamespace(metadata=SimpleNamespace(uid=f"uid {rank}"))
    return SimpleNamespace(
        name=f"node-{rank}",
        host=host or HOSTS[rank],
        pod=pod,
        pod_name=f"pod-{rank}",
        sidecars=list(sidecars),
        describe=lambda: "",
    )


def job(told: Any = None, **more: Any) -> TrainingJob:
    """One whose nodes have returned this."""
    made = SimpleNamespace(
        name="mine",
        namespace="team",
        nodes=[node(0), node(1)],
        results=lambda: told,
        pod_fields=SimpleNamespace(value="runtimePatches"),
        **more,
    )
    made.wait = lambda **_: made
    return cast(TrainingJob, made)


def right() -> dict[str, Any]:
    """What two nodes return that have heard each other."""
    members = [{"rank": rank, "host": host, "world": 2} for rank, host in enumerate(HOSTS)]
    return {
        f"node-{rank}": {
            "rank": rank,
            "world": 2,
            "host": HOSTS[rank],
            "members": members,
            "sum": SUMS,
        }
        for rank in range(2)
    }


def changed(name: str, **values: Any) -> dict[str, Any]:
    """The same, of which a node says something else."""
    found = copy.deepcopy(right())
    found[name] |= values
    return found


def test_ranks_worlds_hosts_and_sums_that_are_wrong() -> None:
    reduce_checks.test_every_rank_is_there_once(job(), right())
    with pytest.raises(AssertionError, match="ranks of "):
        reduce_checks.test_every_rank_is_there_once(job(), changed("node-1", rank=0))
    reduce_checks.test_all_know_how_many_they_are(job(), right())
    with pytest.raises(AssertionError, match=r"has 2 nodes, which know of \{'node-0': 1"):
        reduce_checks.test_all_know_how_many_they_are(job(), changed("node-0", world=1))
    reduce_checks.test_they_hear_each_other_by_their_hosts(job(), right())
    members = right()["node-0"]["members"][:1] * 2
    with pytest.raises(AssertionError, match=r"node-1 of .* has heard"):
        reduce_checks.test_they_hear_each_other_by_their_hosts(
            job(), changed("node-1", members=members)
        )
    reduce_checks.test_all_have_the_right_sum(job(), right(), SEED)
    with pytest.raises(AssertionError, match=r"node-1 of .* has \[1\]: not the sum of all"):
        reduce_checks.test_all_have_the_right_sum(job(), changed("node-1", sum=[1]), SEED)
    with pytest.raises(AssertionError, match="not the sum of all"):
        reduce_checks.test_all_have_the_right_sum(job(), right(), SEED + 1)


def model(rank: int = 0, *, nodes: int = 2, **changes: Any) -> dict[str, Any]:
    """What a node tells of the model that it has."""
    return {
        "rank": rank,
        "world": nodes,
        "rows": 1344 // nodes,
        "accuracy": 0.95,
        "guessed": [1] * 453,
        "norm": 2.0,
        "first": [0.5],
        **changes,
    }


def test_models_that_are_bad_or_differ() -> None:
    alone = job({"node-0": model(nodes=1)})
    both = job({"node-0": model(0), "node-1": model(1)})
    digits_checks.test_two_nodes_come_to_a_good_model(both)
    digits_checks.test_two_nodes_come_to_the_model_of_one(both, alone)
    bad = job({"node-0": model(0), "node-1": model(1, accuracy=0.8)})
    with pytest.raises(AssertionError, match=r"is right for 0.8 of the digits"):
        digits_checks.test_two_nodes_come_to_a_good_model(bad)
    whole = job({"node-0": model(0), "node-1": model(1, rows=1344)})
    with pytest.raises(AssertionError, match="rank 1 was trained on 1344 rows"):
        digits_checks.test_two_nodes_come_to_a_good_model(whole)
    apart = job({"node-0": model(0), "node-1": model(1, norm=2.1)})
    with pytest.raises(AssertionError, match=r"rank 1 of .* has another model than"):
        digits_checks.test_two_nodes_come_to_the_model_of_one(apart, alone)


def test_a_pod_that_is_not_made_again() -> None:
    found = {
        "node-0": {"seen": ["pod-1", "pod-1"], "sum": SUMS},
        "node-1": {"seen": [], "sum": SUMS},
    }
    same = job(found, node=lambda _: node(1))
    with pytest.raises(AssertionError):
        ending_checks.test_a_node_that_dies_is_made_again(same, cast(TrainingNode, node(1)), SEED)


def test_sidecars_that_nobody_wants() -> None:
    proxy = ("istio-proxy",)

    def creator(*sidecars: str) -> JobCreator:
        default = job(wait_nodes=lambda: [node(0, sidecars=sidecars)])
        fields = SimpleNamespace(value="runtimePatches")
        made: Any = lambda *_, **__: default  # noqa: E731
        made.pod_fields = fields
        return cast(JobCreator, made)

    sidecar_checks.test_jobs_that_want_none_have_none(creator(*proxy), job(), "i:1")
    left = job()
    cast(Any, left).nodes = [node(0), node(1, sidecars=proxy)]
    with pytest.raises(AssertionError, match=r"has \{'node-1': \['istio-proxy'\]\}: spec\.run"):
        sidecar_checks.test_jobs_that_want_none_have_none(creator(*proxy), left, "i:1")
    with pytest.raises(Skipped, match="get no sidecars of a mesh"):
        sidecar_checks.test_jobs_that_want_none_have_none(creator(), job(), "i:1")


def test_a_webhook_that_refuses_nothing() -> None:
    creator = cast(JobCreator, lambda *_, **__: job())
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        refusal_checks.test_names_that_are_trainers_own_are_refused(creator, "i:1")
    for check in (refusal_checks.test_a_quota_is_told, refusal_checks.test_a_limit_range_is_told):
        with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
            check(job())


def test_an_owner_without_rights() -> None:
    def refuse(*_: Any, **__: Any) -> TrainingJob:
        raise PermissionDenied("trainjobs is forbidden")

    account = SimpleNamespace(token=SimpleNamespace(token="x"))
    with pytest.raises(PermissionDenied):
        access_checks.test_the_rights_of_an_owner_suffice(
            cast(JobCreator, refuse), cast(AccountAtKubernetes, account), "i:1", "t", SEED
        )


def test_gpus_that_are_shared_or_too_many() -> None:
    inventory: Any = SimpleNamespace(with_accelerator=lambda _: [0], free=lambda *_: 2, holders=[])
    config = KubeflowConfig()

    def check(*own: list[str], free: int = 2) -> None:
        found = {f"node-{rank}": {"own": one, "all": own} for rank, one in enumerate(own)}
        inventory.free = lambda *_: free
        creator = cast(JobCreator, lambda *_, **__: job(found))
        gpu_checks.test_each_rank_has_a_gpu_of_its_own(
            creator, config, cast(Inventory, inventory), "t"
        )

    check(["GPU-0"], ["GPU-1"])
    with pytest.raises(AssertionError, match="share GPUs"):
        check(["GPU-0"], ["GPU-0"])
    with pytest.raises(AssertionError, match="asked for one GPU, and sees"):
        check(["GPU-0", "GPU-1"], ["GPU-2"])
    with pytest.raises(Skipped, match=r"1 x nvidia.com/gpu are free, and two ranks need two"):
        check(["GPU-0"], ["GPU-1"], free=1)


def test_jobs_of_the_operator_that_are_wrong() -> None:
    operator_checks.check(job(right()), HOSTS, SEED)
    with pytest.raises(AssertionError, match="ranks, worlds and hosts of"):
        operator_checks.check(job(changed("node-1", world=1)), HOSTS, SEED)
    with pytest.raises(AssertionError, match="not the sum of all"):
        operator_checks.check(job(changed("node-1", sum=[0])), HOSTS, SEED)

    def launched(answered: list[str]) -> JobCreator:
        hosts = ["mine-worker-0", "mine-worker-1"]
        found = {"launcher-0": {"listed": hosts, "answered": answered}}
        made: Any = lambda *_, **__: job(found)  # noqa: E731
        made.serves = lambda _: True
        return cast(JobCreator, made)

    check = operator_checks.test_the_launcher_of_an_mpi_job_reaches_its_workers
    check(launched(["mine-worker-0", "mine-worker-1"]), "i:1")
    with pytest.raises(AssertionError):
        check(launched(["mine-worker-0", "mine-worker-0"]), "i:1")


def test_torch_that_is_not_there_or_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = SimpleNamespace(name="torch-distributed", image="pytorch/pytorch:2")
    monkeypatch.setattr(torch_checks, "cluster_runtime", lambda *_: runtime)

    def check(told: Any) -> None:
        creator = cast(JobCreator, lambda *_, **__: job(told))
        torch_checks.test_gloo_adds_up_what_ranks_have(creator, cast(KubernetesClient, None))

    def ranks(**changes: Any) -> dict[str, Any]:
        return {
            f"node-{rank}": {"rank": rank, "world": 2, "hosts": HOSTS, "sum": 3.0, **changes}
            for rank in range(2)
        }

    check(ranks())
    with pytest.raises(AssertionError):
        check(ranks(sum=1.0))
    with pytest.raises(AssertionError, match=r"has heard from"):
        check(ranks(hosts=HOSTS[:1] * 2))
    with pytest.raises(Skipped, match=r"the image pytorch/pytorch:2 of the runtime .* has no P"):
        check({"node-0": {"missing": "No module named 'torch'"}})
