from typing import Any

import pytest

from pytest_kubeflow.local.kubelet.cgroups.limits import Limits, limited, of_container, of_pod


def container(
    limits: dict[str, str] | None = None, requests: dict[str, str] | None = None, **fields: Any
) -> dict[str, Any]:
    return {"name": "c", "resources": {"limits": limits, "requests": requests}, **fields}


def pod(*containers: dict[str, Any], init: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {"spec": {"containers": list(containers), "initContainers": list(init)}}


# Quotas and shares as kubernetes/kubernetes pkg/kubelet/cm/helpers_linux_test.go has them.
@pytest.mark.parametrize(
    ("cpu", "quota", "shares"),
    [
        ("1m", 1000, 2),
        ("5m", 1000, 5),
        ("9m", 1000, 9),
        ("10m", 1000, 10),
        ("200m", 20000, 204),
        ("500m", 50000, 512),
        ("1", 100000, 1024),
        ("1500m", 150000, 1536),
        ("0.0001", 1000, 2),
        ("300", 30000000, 262144),
    ],
)
def test_cpu(cpu: str, quota: int, shares: int) -> None:
    limits = of_container(container({"cpu": cpu}))
    assert (limits.quota_us, limits.shares) == (quota, shares)


# Weights as opencontainers/cgroups utils_test.go has them.
@pytest.mark.parametrize(
    ("request_", "weight"),
    [("0", 1), ("3m", 2), ("500m", 59), ("1", 100), ("256", 10000), ("1000", 10000)],
)
def test_weight(request_: str, weight: int) -> None:
    assert of_container(container(requests={"cpu": request_})).weight == weight


@pytest.mark.parametrize(
    ("memory", "size"),
    [("64Mi", 67108864), ("1G", 10**9), ("1.5Ki", 1536), ("100m", 1), ("0", None)],
)
def test_memory(memory: str, size: int | None) -> None:
    assert of_container(container({"memory": memory})).memory_limit == size


def test_a_request_below_the_limit_weighs_less() -> None:
    limits = of_container(container({"cpu": "1"}, {"cpu": "250m"}))
    assert (limits.quota_us, limits.shares) == (100000, 256)


def test_without_limits_there_is_nothing_to_write_but_a_weight() -> None:
    limits = of_container({"name": "c"})
    assert limits == Limits()
    assert limits.settings(1, ("cpu", "memory")) == [("cpu.shares", "2")]
    assert limits.settings(2, ("cpu", "memory")) == [("cpu.weight", "1")]


def test_what_is_written() -> None:
    limits = of_container(container({"cpu": "500m", "memory": "64Mi"}))
    assert limits.settings(1, ("cpu",)) == [
        ("cpu.shares", "512"),
        ("cpu.cfs_period_us", "100000"),
        ("cpu.cfs_quota_us", "50000"),
    ]
    assert limits.settings(1, ("memory",)) == [
        ("memory.limit_in_bytes", "67108864"),
        ("memory.memsw.limit_in_bytes", "67108864"),
    ]
    assert limits.settings(2, ("cpu", "memory")) == [
        ("cpu.weight", "59"),
        ("cpu.max", "50000 100000"),
        ("memory.max", "67108864"),
        ("memory.swap.max", "0"),
    ]


def test_a_pod_has_the_sum_of_its_containers() -> None:
    one = container({"cpu": "500m", "memory": "1Ki"})
    limits = of_pod(pod(one, one))
    assert (limits.quota_us, limits.shares, limits.memory_limit) == (100000, 1024, 2048)


def test_a_pod_has_no_limit_if_one_container_has_none() -> None:
    limits = of_pod(pod(container({"cpu": "1", "memory": "1Ki"}), container({"memory": "1Ki"})))
    assert (limits.cpu_limit, limits.memory_limit) == (None, 2048)


def test_init_containers_count_where_they_need_more() -> None:
    main = container({"cpu": "500m", "memory": "1Ki"})
    big = container({"cpu": "2", "memory": "512"})
    sidecar = container({"cpu": "1", "memory": "1Ki"}, restartPolicy="Always")
    assert of_pod(pod(main, init=(big,))).quota_us == 200000
    assert of_pod(pod(main, init=(big,))).memory_limit == 1024
    assert of_pod(pod(main, init=(sidecar,))).quota_us == 150000
    assert of_pod(pod(main, init=(sidecar, big))).quota_us == 300000
    assert of_pod(pod(main, init=(container(),))).memory_limit is None


def test_whether_a_pod_is_limited() -> None:
    assert limited(pod(container(), container({"memory": "1Mi"})))
    assert limited(pod(container(), init=(container({"cpu": "1"}),)))
    assert not limited(pod(container(requests={"cpu": "1"}), container({"nvidia.com/gpu": "1"})))
