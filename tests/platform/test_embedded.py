"""An embedded cluster that is whole has no finding, and each fault that is switched on has its own.

Faults that leave each other alone are on at the same time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.local.faults import CONFIG_MAP
from pytest_kubeflow.platform.catalogue import FAULTS
from pytest_kubeflow.platform.checks.cluster.clocks import check_clocks
from pytest_kubeflow.platform.checks.mesh.certificates import check_certificates
from pytest_kubeflow.platform.probes.logs import MOST, probe_logs
from pytest_kubeflow.platform.probes.secrets import probe_secrets
from pytest_kubeflow.platform.snapshot import read_snapshot
from pytest_kubeflow.platform.snapshot.fields import name_of
from pytest_kubeflow.platform.snapshot.kind import STORE_KEYS, TLS_SECRETS
from tests.cluster.remote import wait_until
from tests.platform.authority import DAY, Authority
from tests.platform.broken.whole import CHECKS, a_snapshot, found_by
from tests.platform.objects import a_container, a_pod

_LATER = timedelta(minutes=3)
_NAMESPACE = "kubeflow-user-example-com"

_TOGETHER = (
    ("KF101", "KF102", "KF103", "KF104", "KF105", "KF106", "KF107", "KF108", "KF111", "KF112"),
    ("KF401", "KF404", "KF405", "KF407", "KF501", "KF602", "KF603", "KF714", "KF715"),
    ("KF109", "KF110", "KF113", "KF402", "KF406", "KF502", "KF701", "KF712", "KF713"),
    ("KF408", "KF503", "KF504", "KF601", "KF702", "KF716", "KF801"),
    ("KF505", "KF703", "KF711"),
    ("KF114", "KF116", "KF117", "KF717"),
)


@pytest.fixture(scope="module")
def embedded() -> Iterator[KubernetesClient]:
    """A cluster of its own, since its faults are everybody's."""
    with LocalKubeflow() as cluster:
        yield KubernetesClient(Path(cluster.endpoints.kubeconfig))


def test_a_whole_cluster_has_no_finding(embedded: KubernetesClient) -> None:
    assert _found(embedded) == {}


@pytest.mark.parametrize("codes", _TOGETHER, ids=lambda codes: codes[0])
def test_each_fault_is_found(embedded: KubernetesClient, codes: tuple[str, ...]) -> None:
    _switch(embedded, *codes)
    try:
        wait_until(lambda: set(_found(embedded)) == set(codes), seconds=180)
    except AssertionError:
        pytest.fail(f"found instead: {_found(embedded)}")
    finally:
        _switch(embedded)


def test_a_claim_that_nobody_binds(embedded: KubernetesClient) -> None:
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Mi"}},
        "storageClassName": "immediate",
    }
    claim = {"metadata": {"name": "data"}, "spec": spec}
    _wait_until_whole(embedded)
    _switch(embedded, "KF403")
    embedded.core.create_namespaced_persistent_volume_claim(_NAMESPACE, claim)
    try:
        wait_until(lambda: set(_found(embedded)) == {"KF403"}, seconds=60)
    finally:
        embedded.core.delete_namespaced_persistent_volume_claim("data", _NAMESPACE)
        _switch(embedded)


def test_a_profile_without_katibs_label(embedded: KubernetesClient) -> None:
    _wait_until_whole(embedded)
    _switch(embedded, "KF604")
    try:
        wait_until(lambda: set(_found(embedded)) == {"KF604"}, seconds=60)
    finally:
        _switch(embedded)


def test_of_secrets_a_snapshot_has_no_data(embedded: KubernetesClient) -> None:
    found = read_snapshot(embedded, wanted=[STORE_KEYS]).all(STORE_KEYS)
    assert {one["metadata"]["namespace"] for one in found} >= {_NAMESPACE, "kubeflow"}
    assert {key for one in found for key in one} == {"metadata"}


def test_secrets_for_tls_that_nothing_tells_of_are_read_for_their_certificates(
    embedded: KubernetesClient,
) -> None:
    old = Authority().issue("left.over", begins=-90 * DAY, ends=-DAY)
    data = {"tls.crt": old.pem, "tls.key": old.key_pem}
    applied = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(data)}
    metadata = {"name": "web", "annotations": applied}
    body = {"metadata": metadata, "type": "kubernetes.io/tls", "stringData": data}
    embedded.core.create_namespaced_secret("kubeflow", body)
    try:
        snapshot = read_snapshot(embedded)
        listed = snapshot.all(TLS_SECRETS)
        assert "kubeflow/web" in map(name_of, listed)
        assert {key for one in listed for key in one} == {"metadata"}
        assert "PRIVATE KEY" not in repr(listed)
        assert "PRIVATE KEY" not in repr(listed)
        probed = probe_secrets(embedded, snapshot)
    finally:
        embedded.core.delete_namespaced_secret("web", "kubeflow")
    found = probed.observed.secret_certificates
    assert found["kubeflow/web"].strip() == old.pem.strip()
    assert not any("PRIVATE KEY" in one for one in found.values())
    assert probed.unseen == ()
    told = check_certificates(replace(snapshot, observed=probed.observed))
    assert [(one.code, one.severity.value) for one in told] == [("KF223", "notice")]


def test_few_logs_are_asked_for_whatever_crashes(embedded: KubernetesClient) -> None:
    """Pods that are gone by then have none, which decides nothing."""
    last = {"exitCode": 1, "reason": "Error"}
    crash = a_container(waiting="CrashLoopBackOff", restarts=7, last=last)
    crashing = a_snapshot(*(a_pod(f"p-{n}", crash) for n in range(40)))
    observed = probe_logs(embedded, crashing).observed
    assert (observed.requests, observed.logs) == (MOST, {})


def test_once_they_are_switched_off_it_is_whole_again(embedded: KubernetesClient) -> None:
    _wait_until_whole(embedded)


def _wait_until_whole(kubernetes: KubernetesClient) -> None:
    """Until no fault is left of those that were switched on before."""
    wait_until(lambda: not _found(kubernetes), seconds=60)


def _found(kubernetes: KubernetesClient) -> dict[str, str]:
    """What is found three minutes from now, when nothing is still starting: sentences by code."""
    now = read_snapshot(kubernetes)
    later = replace(now, taken=now.taken + _LATER)
    observed = probe_logs(kubernetes, later).observed
    assert observed.requests <= MOST
    later = replace(later, observed=observed)
    found = found_by([one for one in CHECKS if one is not check_clocks], later)
    return {one.code: one.sentence for one in (*found, *check_clocks(now))}


def _switch(kubernetes: KubernetesClient, *codes: str) -> None:
    """Let exactly these be on."""
    namespace, name = CONFIG_MAP
    body = {"metadata": {"name": name}, "data": {FAULTS[code].name: "on" for code in codes}}
    known = [
        one.metadata.name for one in kubernetes.core.list_namespaced_config_map(namespace).items
    ]
    if name in known:
        kubernetes.core.replace_namespaced_config_map(name, namespace, body)
    else:
        kubernetes.core.create_namespaced_config_map(namespace, body)
