"""What is said of webhooks, and of their certificates."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pytest_kubeflow.platform.checks.mesh.certificates import check_certificates
from pytest_kubeflow.platform.checks.webhooks.webhooks import check_webhooks
from pytest_kubeflow.platform.fault import Severity
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.snapshot import Object, Snapshot
from pytest_kubeflow.platform.snapshot.kind import (
    CERTIFICATES,
    ENDPOINT_SLICES,
    MUTATING_WEBHOOKS,
    PODS,
    SERVICES,
    VALIDATING_WEBHOOKS,
)
from pytest_kubeflow.platform.snapshot.observations import Observations, ServedCertificate
from tests.platform.authority import DAY, Authority, Issued
from tests.platform.snapshots import an_object, snapshot_of

KATIB = "katib-controller.kubeflow.svc"
HOOK = "validator.experiment.katib.kubeflow.org"
CALL = f'Internal error occurred: failed calling webhook "{HOOK}": failed to call webhook: Post '
URL = '"https://katib-controller.kubeflow.svc:443/validate-experiment?timeout=10s": '


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def own(authority: Authority) -> Issued:
    return authority.issue(KATIB)


def _webhook(bundle: str, name: str = HOOK, **fields: Any) -> Object:
    service = {"namespace": "kubeflow", "name": "katib-controller", "path": "/validate-experiment"}
    rule = {
        "operations": ["CREATE"],
        "apiGroups": ["kubeflow.org"],
        "apiVersions": ["v1beta1"],
        "resources": ["experiments"],
    }
    client = {"service": service, "caBundle": base64.b64encode(bundle.encode()).decode()}
    return {"name": name, "clientConfig": client, "rules": [rule], "sideEffects": "None"} | fields


def _configuration(*webhooks: Object, name: str = "katib.kubeflow.org", **metadata: Any) -> Object:
    return an_object(VALIDATING_WEBHOOKS, name, webhooks=[*webhooks], metadata=metadata)


def _server(*, ready: bool = True, **metadata: Any) -> list[Object]:
    labels = {"app": "katib"}
    service = an_object(
        SERVICES,
        "katib-controller",
        "kubeflow",
        spec={"selector": labels, "ports": [{"port": 443, "targetPort": "webhook"}]},
    )
    pod = an_object(
        PODS,
        "katib-controller-1-a",
        "kubeflow",
        metadata={
            "labels": labels,
            "ownerReferences": [{"kind": "ReplicaSet", "name": "katib-controller-1"}],
            **metadata,
        },
        spec={
            "containers": [{"name": "main", "ports": [{"name": "webhook", "containerPort": 8443}]}],
            "volumes": [{"secret": {"secretName": "katib-webhook-cert"}}],
        },
    )
    slices = an_object(
        ENDPOINT_SLICES,
        "katib-controller-x",
        "kubeflow",
        metadata={"labels": {"kubernetes.io/service-name": "katib-controller"}},
        endpoints=[{"addresses": ["10.0.0.1"], "conditions": {"ready": ready}}],
    )
    return [service, pod, slices]


def _of_secret(pem: str) -> Observations:
    return Observations(secret_certificates={"kubeflow/katib-webhook-cert": pem})


def _of_call(told: str) -> Observations:
    return Observations(dry_runs={HOOK: told})


def _told(snapshot: Snapshot) -> list[tuple[str, str]]:
    return [(one.code, one.sentence) for one in check_webhooks(snapshot)]


def _only(snapshot: Snapshot) -> Finding:
    (found,) = check_webhooks(snapshot)
    return found


def test_a_webhook_that_works(authority: Authority, own: Issued) -> None:
    whole = _configuration(_webhook(authority.root.pem))
    assert _told(snapshot_of(whole, *_server())) == []
    assert _told(snapshot_of(whole, *_server(), observed=_of_secret(own.pem))) == []
    assert _told(snapshot_of(whole, *_server(), observed=_of_call(""))) == []


def test_its_service_is_not_there(authority: Authority) -> None:
    found = _only(snapshot_of(_configuration(_webhook(authority.root.pem))))
    assert found.code == "KF201"
    assert found.sentence == (
        f"webhook {HOOK} calls Service kubeflow/katib-controller, which does not exist"
    )
    assert "kubectl delete validatingwebhookconfiguration katib.kubeflow.org" in found.fix
    assert found.component == "katib"
    assert found.severity is Severity.BROKEN


def test_services_that_may_not_be_listed_are_not_missing(authority: Authority) -> None:
    configuration = _configuration(_webhook(authority.root.pem))
    assert _told(snapshot_of(configuration, without=[SERVICES])) == []


def test_one_that_may_fail_is_less_than_broken(authority: Authority) -> None:
    entry = _webhook(authority.root.pem, failurePolicy="Ignore")
    assert _only(snapshot_of(_configuration(entry))).severity is Severity.DEGRADED


def test_no_pod_behind_it_is_ready(authority: Authority) -> None:
    whole = _configuration(_webhook(authority.root.pem))
    found = _only(snapshot_of(whole, *_server(ready=False)))
    assert found.code == "KF202"
    assert found.sentence == (
        "Service kubeflow/katib-controller, which webhooks are asked at, has 1 pods, none of them "
        "ready"
    )


def test_pods_that_have_just_been_made_may_become_ready(authority: Authority) -> None:
    whole = _configuration(_webhook(authority.root.pem))
    now = datetime.now(UTC).isoformat()
    young = (whole, *_server(ready=False, creationTimestamp=now))
    assert _told(snapshot_of(*young)) == []
    failed = _of_call(f"{CALL}{URL}connect: connection refused")
    assert _only(snapshot_of(*young, observed=failed)).code == "KF202", "it is needed now"


def test_endpoints_that_may_not_be_listed_are_not_missing(authority: Authority) -> None:
    service, pod, _ = _server()
    whole = _configuration(_webhook(authority.root.pem))
    assert _told(snapshot_of(whole, service, pod, without=[ENDPOINT_SLICES])) == []


@pytest.mark.parametrize("bundle", ["", "\n", "no certificate"])
def test_a_bundle_without_a_certificate(bundle: str) -> None:
    found = _only(snapshot_of(_configuration(_webhook(bundle)), *_server()))
    assert found.code == "KF206"
    assert found.sentence.startswith(
        "the caBundle of ValidatingWebhookConfiguration katib.kubeflow.org has no certificate: it "
    )


def test_a_bundle_with_which_a_call_went_through_is_right(own: Issued) -> None:
    """Without one, the API server trusts the authorities of its machine."""
    for bundle in ("", Authority().root.pem):
        observed = Observations(
            dry_runs={HOOK: ""}, secret_certificates={"kubeflow/katib-webhook-cert": own.pem}
        )
        whole = _configuration(_webhook(bundle))
        assert _told(snapshot_of(whole, *_server(), observed=observed)) == []


def test_a_bundle_that_is_no_base64_is_none() -> None:
    entry = _webhook("")
    broken = {**entry, "clientConfig": {**entry["clientConfig"], "caBundle": "%%%"}}
    assert _only(snapshot_of(_configuration(broken), *_server())).code == "KF206"


def test_cert_manager_has_time_to_write_a_bundle() -> None:
    now = datetime.now(UTC).isoformat()
    assert _told(snapshot_of(_configuration(_webhook(""), creationTimestamp=now), *_server())) == []


def test_a_bundle_of_another_authority(own: Issued) -> None:
    other = Authority()
    found = _only(
        snapshot_of(
            _configuration(_webhook(other.root.pem)), *_server(), observed=_of_secret(own.pem)
        )
    )
    assert found.code == "KF205"
    assert found.sentence == (
        "the certificate that Secret kubeflow/katib-webhook-cert holds does not come from the "
        "authority in the caBundle of ValidatingWebhookConfiguration katib.kubeflow.org"
    )
    assert "kubectl -n kubeflow rollout restart deployment katib-controller" in found.fix


def test_what_a_server_shows_counts_more_than_its_secret(authority: Authority, own: Issued) -> None:
    old = Authority().issue(KATIB)
    observed = Observations(
        secret_certificates={"kubeflow/katib-webhook-cert": own.pem},
        served={"kubeflow/katib-controller": ServedCertificate((old.der,))},
    )
    whole = _configuration(_webhook(authority.root.pem))
    found = _only(snapshot_of(whole, *_server(), observed=observed))
    assert found.code == "KF205"
    assert "that Service kubeflow/katib-controller shows" in found.sentence


def test_of_several_secrets_the_one_that_the_bundle_comes_from(own: Issued) -> None:
    service, pod, slices = _server()
    volumes = [{"secret": {"secretName": one}} for one in ("a", "b")]
    pod = {**pod, "spec": {**pod["spec"], "volumes": volumes}}
    configuration = _configuration(
        _webhook(Authority().root.pem),
        annotations={"cert-manager.io/inject-ca-from": "kubeflow/katib-webhook-cert"},
    )
    certificate = an_object(
        CERTIFICATES, "katib-webhook-cert", "kubeflow", spec={"secretName": "b"}
    )
    pems = {"kubeflow/a": Authority().root.pem, "kubeflow/b": own.pem}
    observed = Observations(secret_certificates=pems)
    there = (configuration, service, pod, slices)
    assert _told(snapshot_of(*there, observed=observed)) == [], "either may be the one"
    found = _only(snapshot_of(*there, certificate, observed=observed))
    assert found.code == "KF205"
    assert "Secret kubeflow/b holds" in found.sentence


def test_a_certificate_for_another_name(authority: Authority) -> None:
    other = authority.issue("webhook.elsewhere.svc")
    whole = _configuration(_webhook(authority.root.pem))
    found = _only(snapshot_of(whole, *_server(), observed=_of_secret(other.pem)))
    assert found.code == "KF224"
    assert found.sentence == (
        "the certificate that Secret kubeflow/katib-webhook-cert holds is for "
        f"webhook.elsewhere.svc, not for {KATIB}, the name by which katib.kubeflow.org asks"
    )


def test_a_secret_that_holds_no_certificate_proves_nothing(authority: Authority) -> None:
    whole = _configuration(_webhook(authority.root.pem))
    assert _told(snapshot_of(whole, *_server(), observed=_of_secret("no PEM"))) == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ('service "katib-controller" not found', "KF201"),
        ('no endpoints available for service "katib-controller"', "KF202"),
        ("context deadline exceeded", "KF203"),
        ("dial tcp 10.0.0.1:8443: i/o timeout", "KF203"),
        (
            "tls: failed to verify certificate: x509: certificate signed by unknown authority",
            "KF205",
        ),
        ("unable to load root certificates: unable to parse bytes as PEM block", "KF206"),
        ("dial tcp 10.0.0.1:8443: connect: connection refused", "KF208"),
        ("EOF", "KF208"),
        ("x509: certificate has expired or is not yet valid: current time is after", "KF223"),
        ("x509: certificate is valid for a.b.svc, not katib-controller.kubeflow.svc", "KF224"),
        ("x509: certificate relies on legacy Common Name field, use SANs instead", "KF224"),
    ],
)
def test_what_the_api_server_says_tells_the_fault(
    authority: Authority, words: str, code: str
) -> None:
    message = f"{CALL}{URL}{words}"
    whole = _configuration(_webhook(authority.root.pem))
    for snapshot in (
        snapshot_of(whole, *_server(), observed=_of_call(message)),
        snapshot_of(observed=_of_call(message), without=[VALIDATING_WEBHOOKS, SERVICES]),
    ):
        found = _only(snapshot)
        assert found.code == code
        assert found.sentence.startswith(f"webhook {HOOK} fails: ")
        assert found.evidence == (message,)


def test_a_certificate_that_has_ended_is_told_by_its_own_check(authority: Authority) -> None:
    message = f"{CALL}{URL}x509: certificate has expired or is not yet valid"
    old = authority.issue(KATIB, begins=-9 * DAY, ends=-DAY)
    observed = Observations(
        dry_runs={HOOK: message}, secret_certificates={"kubeflow/katib-webhook-cert": old.pem}
    )
    whole = snapshot_of(_configuration(_webhook(authority.root.pem)), *_server(), observed=observed)
    assert _told(whole) == []
    assert [one.code for one in check_certificates(whole)] == ["KF223"]


def test_a_bundle_that_was_just_written_is_looked_at_where_a_call_fails(own: Issued) -> None:
    now = datetime.now(UTC).isoformat()
    message = f"{CALL}{URL}tls: failed to verify certificate: x509: certificate signed by unknown"
    observed = Observations(
        dry_runs={HOOK: message}, secret_certificates={"kubeflow/katib-webhook-cert": own.pem}
    )
    found = _only(
        snapshot_of(
            _configuration(_webhook(Authority().root.pem), creationTimestamp=now),
            *_server(),
            observed=observed,
        )
    )
    assert "the caBundle of ValidatingWebhookConfiguration katib.kubeflow.org" in found.sentence


def test_one_cause_is_one_finding(authority: Authority) -> None:
    """The call's words are the evidence for what the objects show."""
    message = f'{CALL}{URL}service "katib-controller" not found'
    configuration = _configuration(
        _webhook(authority.root.pem), _webhook(authority.root.pem, name="other.katib.kubeflow.org")
    )
    found = _only(snapshot_of(configuration, observed=_of_call(message)))
    assert found.code == "KF201"
    assert found.evidence == (message,)
    assert found.sentence.startswith(f"webhook {HOOK} (and 1 more) calls Service ")


def _jobset(*, proxy: bool, excluded: str = "") -> list[Object]:
    name, namespace = "jobset-webhook-service", "kubeflow-system"
    labels = {"app": "jobset"}
    containers = [{"name": "manager", "ports": [{"containerPort": 9443}]}]
    annotations = {"traffic.sidecar.istio.io/excludeInboundPorts": excluded} if excluded else {}
    entry = _webhook(Authority().root.pem, name="mjobset.kb.io")
    service = {"namespace": namespace, "name": name}
    return [
        an_object(
            MUTATING_WEBHOOKS,
            "jobset-mutating-webhook-configuration",
            webhooks=[{**entry, "clientConfig": {**entry["clientConfig"], "service": service}}],
        ),
        an_object(
            SERVICES,
            name,
            namespace,
            spec={"selector": labels, "ports": [{"port": 443, "targetPort": 9443}]},
        ),
        an_object(
            PODS,
            "jobset-controller-manager-5-a",
            namespace,
            metadata={
                "labels": labels,
                "annotations": annotations,
                "ownerReferences": [{"kind": "ReplicaSet", "name": "jobset-controller-manager-5"}],
            },
            spec={
                "containers": containers,
                "initContainers": [{"name": "istio-proxy"}] if proxy else [],
            },
        ),
        an_object(
            ENDPOINT_SLICES,
            name,
            namespace,
            metadata={"labels": {"kubernetes.io/service-name": name}},
            endpoints=[{"conditions": {"ready": True}}],
        ),
    ]


def test_jobsets_webhook_behind_a_proxy() -> None:
    found = _only(snapshot_of(*_jobset(proxy=True)))
    assert found.code == "KF204"
    assert found.sentence == (
        "port 9443 of pod kubeflow-system/jobset-controller-manager-5-a, where webhook "
        "mjobset.kb.io is asked, is behind istio-proxy, which the API server cannot get through"
    )
    assert "patch deployment jobset-controller-manager -p" in found.fix


def test_jobsets_webhook_without_a_proxy_or_beside_it() -> None:
    assert _told(snapshot_of(*_jobset(proxy=False))) == []
    assert _told(snapshot_of(*_jobset(proxy=True, excluded="9443"))) == []
    went_through = Observations(dry_runs={"mjobset.kb.io": ""})
    assert _told(snapshot_of(*_jobset(proxy=True), observed=went_through)) == []


def test_a_broken_call_of_a_webhook_behind_a_proxy_is_the_proxys() -> None:
    message = (
        'failed calling webhook "mjobset.kb.io": failed to call webhook: Post "https://x": EOF'
    )
    observed = Observations(dry_runs={"mjobset.kb.io": message})
    assert _only(snapshot_of(*_jobset(proxy=True), observed=observed)).code == "KF204"
    assert _only(snapshot_of(*_jobset(proxy=False), observed=observed)).code == "KF208"


def _poddefaults(name: str, service: str, **fields: Any) -> Object:
    entry = {
        "name": f"{name}.kubeflow.org",
        "clientConfig": {
            "service": {"namespace": "kubeflow", "name": service, "path": "/apply-poddefault"},
            "caBundle": base64.b64encode(Authority().root.pem.encode()).decode(),
        },
        "namespaceSelector": {"matchLabels": {"app.kubernetes.io/part-of": "kubeflow-profile"}},
        "rules": [{"operations": ["CREATE"], "apiGroups": [""], "resources": ["pods"]}],
        **fields,
    }
    return an_object(MUTATING_WEBHOOKS, name, webhooks=[entry])


def _services(*names: str) -> list[Object]:
    made = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    return [
        an_object(SERVICES, one, "kubeflow", metadata={"creationTimestamp": made}) for one in names
    ]


def test_two_webhooks_for_one_job() -> None:
    found = _only(
        snapshot_of(
            _poddefaults("admission-webhook", "old"),
            _poddefaults("poddefaults-webhook", "new"),
            *_services("old", "new"),
        )
    )
    assert found.code == "KF207"
    assert found.sentence == (
        "MutatingWebhookConfiguration admission-webhook and poddefaults-webhook are asked for the "
        "same (/apply-poddefault about pods), at Services kubeflow/old and kubeflow/new"
    )


def test_one_webhook_in_two_configurations() -> None:
    found = _only(
        snapshot_of(_poddefaults("a", "new"), _poddefaults("b", "new"), *_services("new"))
    )
    assert found.code == "KF207"
    assert found.sentence.endswith("at Service kubeflow/new")


def test_the_one_whose_service_is_gone_is_a_leftover_and_no_duplicate() -> None:
    found = _only(
        snapshot_of(
            _poddefaults("admission-webhook", "old"),
            _poddefaults("poddefaults-webhook", "new"),
            *_services("new"),
        )
    )
    assert found.code == "KF201"


def test_webhooks_for_other_namespaces_are_no_duplicates() -> None:
    revision = {"matchLabels": {"istio.io/rev": "1-28"}}
    assert (
        _told(
            snapshot_of(
                _poddefaults("a", "old"),
                _poddefaults("b", "new", namespaceSelector=revision),
                *_services("old", "new"),
            )
        )
        == []
    )
