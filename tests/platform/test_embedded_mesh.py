"""The embedded platform: whole, and with each fault of webhooks, certificates, mesh, login, apps.

Whatever fault the embedded cluster knows is switched on by itself, in one cluster.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from pytest_kubeflow.auth import signin
from pytest_kubeflow.auth.dex import DexLogin
from pytest_kubeflow.auth.tokenrequest import TokenRequest
from pytest_kubeflow.cluster.checklist import Checklist
from pytest_kubeflow.cluster.cluster import Cluster
from pytest_kubeflow.cluster.entry import enter
from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.config.groups.kubernetes import KubernetesSettings
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.errors import NotFound
from pytest_kubeflow.k8s.client import calling
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.local.endpoints import Endpoints
from pytest_kubeflow.local.faults import FAULTS as KNOWN
from pytest_kubeflow.platform.catalogue import (
    applications,
    certificates,
    login,
    mesh,
    webhooks,
)
from pytest_kubeflow.platform.health import health_of
from pytest_kubeflow.platform.probes import probe
from pytest_kubeflow.platform.snapshot import Snapshot, read_snapshot
from pytest_kubeflow.redaction import Redactor, Secret
from tests.cluster.remote import wait_until

pytestmark = pytest.mark.xdist_group("platform-of-the-way-in")

GROUPS = (webhooks, certificates, mesh, login, applications)
OURS = {fault.name: fault.code for group in GROUPS for fault in group.FAULTS}
BESIDE = {
    # Its notebook may have no volume.
    "notebook-not-listening": {"KF903"},
}
HERE = sorted(
    name for name in OURS.keys() & KNOWN.keys() - {"jwks-key-unknown", "default-password-valid"}
)
PROFILE = "kubeflow-user-example-com"
SWITCHES = ("embedded-faults", "kube-system")


@dataclass
class _Platform:
    """A cluster, as a session sees it that has entered it."""

    endpoints: Endpoints
    cluster: Cluster

    def look(self, cluster: Cluster | None = None, within: tuple[str, ...] = ()) -> Snapshot:
        """As if it were asked under its own name, and nothing in it had just been made."""
        cluster = cluster or self.cluster
        snapshot = probe(cluster, read_snapshot(cluster.kubernetes, namespaces=within))
        observed = replace(snapshot.observed, gateway="http://kubeflow.example.com")
        later = snapshot.taken + timedelta(minutes=3)
        return replace(snapshot, observed=observed, taken=later)

    def codes(self, cluster: Cluster | None = None, within: tuple[str, ...] = ()) -> set[str]:
        """Those of this room. That the example's password is valid is always so here."""
        found = {one.code for one in health_of(self.look(cluster, within)).findings}
        return found & {*OURS.values()} - {"KF605"}

    def wait_for(self, *codes: str, beside: Collection[str] = ()) -> None:
        """Wait until these are found and no others, but for those `beside` them."""
        found: set[str] = set()

        def there() -> bool:
            nonlocal found
            found = self.codes()
            return found - {*beside} == {*codes}

        try:
            wait_until(there, 60)
        except AssertionError:
            pytest.fail(f"found {sorted(found)} in the end, not {sorted(codes)}")

    @contextmanager
    def fault(self, name: str) -> Iterator[None]:
        """With this fault switched on."""
        core = self.cluster.kubernetes.core
        try:
            with calling("switch a fault on"):
                core.patch_namespaced_config_map(*SWITCHES, {"data": {name: "on"}})
        except NotFound:
            metadata = {"name": SWITCHES[0]}
            core.create_namespaced_config_map(
                SWITCHES[1], {"metadata": metadata, "data": {name: "on"}}
            )
        try:
            yield
        finally:
            core.patch_namespaced_config_map(*SWITCHES, {"data": {name: None}})


def _config(endpoints: Endpoints) -> KubeflowConfig:
    return KubeflowConfig(
        gateway=GatewaySettings(
            host=endpoints.host, username=endpoints.username, password=Secret("12341234")
        ),
        kubernetes=KubernetesSettings(kubeconfig=endpoints.kubeconfig),
    )


@pytest.fixture(scope="module")
def platform() -> Iterator[_Platform]:
    with LocalKubeflow() as running:
        cluster = enter(
            _config(running.endpoints),
            ownership=Ownership("tests"),
            redactor=Redactor(),
            checks=Checklist(),
        )
        yield _Platform(running.endpoints, cluster)
        cluster.close()


def test_a_whole_platform(platform: _Platform) -> None:
    platform.wait_for()
    snapshot = platform.look()
    assert snapshot.observed.pages["/"].status == 200
    assert [one.code for one in health_of(snapshot).findings if one.fault.name in OURS] == ["KF605"]


@pytest.mark.parametrize("name", HERE)
def test_a_fault_of_the_platform(platform: _Platform, name: str) -> None:
    platform.wait_for()
    with platform.fault(name):
        platform.wait_for(OURS[name], beside=BESIDE.get(name, ()))


def test_a_login_with_a_key_that_the_gateway_has_not_read(
    platform: _Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.wait_for()
    monkeypatch.setattr(signin, "NEW_KEY_SECONDS", 1.0)
    with platform.fault("keys-rotated"):
        settings = platform.cluster.config.gateway

        def codes() -> set[str]:
            fresh = DexLogin(
                platform.endpoints.host,
                settings,
                username=str(settings.username),
                password=Secret("12341234"),
                redactor=Redactor(),
            )
            return platform.codes(replace(platform.cluster, credentials=fresh))

        wait_until(lambda: codes() == {"KF304"}, 60)


def test_a_session_with_a_token_of_an_issuer_that_is_not_trusted(platform: _Platform) -> None:
    if "issuer-not-configured" not in KNOWN:
        pytest.skip("this embedded cluster cannot do so")
    platform.wait_for()
    credentials = TokenRequest(
        platform.cluster.kubernetes,
        namespace=PROFILE,
        account="default-editor",
        audience=None,
        redactor=Redactor(),
    )
    with_token = replace(platform.cluster, credentials=credentials)
    assert platform.codes(with_token) == set()
    with platform.fault("issuer-not-configured"):
        wait_until(lambda: platform.codes(with_token) == {"KF303"}, 60)
        assert "https://" in str(platform.look(with_token).observed.claims["iss"])


class _Owner:
    """A session with the rights of a profile's owner alone."""

    def __init__(self, platform: _Platform) -> None:
        self._platform = platform
        request = {"spec": {"audiences": [], "expirationSeconds": 3600}}
        core = platform.cluster.kubernetes.core
        token = core.create_namespaced_service_account_token("default-editor", PROFILE, request)
        kubernetes = platform.cluster.kubernetes.with_token(Secret(token.status.token))
        self.cluster = replace(platform.cluster, kubernetes=kubernetes)

    def look(self) -> Snapshot:
        return self._platform.look(self.cluster, (PROFILE,))

    def codes(self) -> set[str]:
        return self._platform.codes(self.cluster, (PROFILE,))


@pytest.fixture(scope="module")
def owner(platform: _Platform) -> Iterator[_Owner]:
    made = _Owner(platform)
    yield made
    made.cluster.kubernetes.close()


def test_what_an_owner_may_not_look_at_is_told_and_nothing_is_concluded(owner: _Owner) -> None:
    wait_until(lambda: owner.codes() == set(), 60)
    found = {one.what for one in owner.look().unseen}
    assert {"nodes", "persistentvolumes"} <= found


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("webhook-leftover", "KF201"),
        ("menu-link-wrong", "KF904"),
        ("dashboard-access-denied", "KF312"),
        ("user-not-detected", "KF313"),
        ("mutual-tls-without-proxy", "KF301"),
    ],
)
def test_what_the_gateway_and_a_dry_run_show_an_owner(
    platform: _Platform, owner: _Owner, fault: str, code: str
) -> None:
    if fault not in KNOWN:
        pytest.skip("this embedded cluster cannot do so")
    wait_until(lambda: owner.codes() == set(), 60)
    with platform.fault(fault):
        wait_until(lambda: owner.codes() == {code}, 60)
