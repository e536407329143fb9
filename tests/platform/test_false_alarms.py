"""What well-kept clusters have that could be taken for broken: none of it is a fault."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from pytest_kubeflow.platform.fault import Severity
from pytest_kubeflow.platform.health import health_of
from pytest_kubeflow.platform.snapshot import Object
from pytest_kubeflow.platform.snapshot.kind import (
    CERTIFICATES,
    DAEMON_SETS,
    DEFINITIONS,
    DESTINATION_RULES,
    GATEWAYS,
    JOBS,
    MUTATING_WEBHOOKS,
    PEER_AUTHENTICATIONS,
    SERVICES,
    STATEFUL_SETS,
    VALIDATING_WEBHOOKS,
)
from pytest_kubeflow.platform.snapshot.observations import Observations
from tests.platform.broken.whole import a_profile, a_snapshot
from tests.platform.objects import (
    a_condition,
    a_config,
    a_container,
    a_definition,
    a_deployment,
    a_namespace,
    a_node,
    a_pod,
    a_replica_set,
    a_service,
    ago,
)
from tests.platform.snapshots import an_object

_PROXY = a_container("istio-proxy", ready=True, image="docker.io/istio/proxyv2:1.18.2")
_BUNDLE = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg=="


def _ready(message: str = "", since: float = 30) -> list[dict[str, Any]]:
    return [a_condition("Ready", "False", message, age=since)]


def _certificate(namespace: str, name: str = "shop", **status: Any) -> Object:
    metadata = {"creationTimestamp": ago(600)}
    spec = {"secretName": f"{name}-tls"}
    return an_object(CERTIFICATES, name, namespace, metadata=metadata, spec=spec, status=status)


def _webhook(
    name: str, service: str, *rules: Mapping[str, Any], kind: Any = VALIDATING_WEBHOOKS, **more: Any
) -> Object:
    namespace, _, own = service.partition("/")
    client = {"service": {"namespace": namespace, "name": own, "path": "/x"}, "caBundle": "eA=="}
    entry = {"name": f"{name}.example.com", "clientConfig": client, "rules": [*rules], **more}
    metadata = {"creationTimestamp": ago(600)}
    return an_object(kind, name, metadata=metadata, webhooks=[entry])


def _rule(group: str, resource: str) -> dict[str, Any]:
    versions = {"apiVersions": ["*"], "operations": ["CREATE", "UPDATE"]}
    return {"apiGroups": [group], "resources": [resource], **versions}


def _finished(name: str, proxy: str) -> Object:
    """A task of a month ago, which ran beside a proxy of that time."""
    done = {"exitCode": 0, "reason": "Completed", "finishedAt": ago(40_000)}
    return a_pod(
        name,
        a_container(ended=done),
        a_container("istio-proxy", ended=done, image=f"docker.io/istio/proxyv2:{proxy}"),
        namespace="team",
        owner=("Workflow", "run"),
        phase="Succeeded",
    )


def _plane(*names_and_releases: str) -> list[Object]:
    return [
        a_deployment(name, namespace="istio-system", image=f"docker.io/istio/pilot:{release}")
        for name, release in zip(names_and_releases[::2], names_and_releases[1::2], strict=True)
    ]


_VIRTUAL = {"labels": {"type": "virtual-kubelet"}}


def _virtual_node() -> Object:
    found = a_node("virtual-node-aci-linux", version="v1.25.0-vk-azure-aci-1.6.2")
    return {**found, "metadata": {**found["metadata"], **_VIRTUAL}}


def _new_node() -> Object:
    found = a_node("node-new", a_condition("Ready", "False", "cni plugin not initialized", age=1))
    return {**found, "metadata": {**found["metadata"], "creationTimestamp": ago(1)}}


def _gated() -> Object:
    found = a_condition("PodScheduled", "False", "Scheduling is blocked", "SchedulingGated")
    return a_pod(
        "queued",
        namespace="team",
        owner=("Job", "train"),
        phase="Pending",
        status={"conditions": [found]},
    )


def _placeholder() -> Object:
    found = a_condition("PodScheduled", "False", "0/3 nodes are available: 3 Insufficient cpu.")
    return a_pod(
        "overprovisioning-1",
        namespace="kube-system",
        owner=("ReplicaSet", "overprovisioning"),
        phase="Pending",
        spec={"priority": -10},
        status={"conditions": [found]},
    )


def _killed_once() -> list[Object]:
    """Killed for want of memory two months ago, and well since."""
    last = {"reason": "OOMKilled", "exitCode": 137, "finishedAt": ago(90_000)}
    return [
        a_pod(
            "katib-ui-1-x",
            a_container(ready=True, restarts=1, last=last),
            owner=("ReplicaSet", "katib-ui-1"),
            age=100_000,
        ),
        a_deployment("katib-ui"),
        a_replica_set("katib-ui-1", "katib-ui"),
    ]


def _task_that_failed_last_month() -> Object:
    message = 'workflowtaskresults.argoproj.io is forbidden: User "x"'
    ended = {"exitCode": 64, "message": message, "finishedAt": ago(40_000)}
    return a_pod(
        "run-1",
        a_container("wait", ended=ended),
        namespace="team",
        owner=("Workflow", "run"),
        phase="Failed",
        age=40_001,
    )


def _external(name: str) -> Object:
    spec = {"type": "ExternalName", "externalName": "s3.eu-central-1.amazonaws.com"}
    return an_object(SERVICES, name, "kubeflow", spec=spec)


_REPOSITORY = '{"s3": {"endpoint": "%s", "bucket": "mlpipeline"}}'


def _daemon_set_on_a_virtual_node() -> list[Object]:
    status = {"desiredNumberScheduled": 2, "numberReady": 1}
    metadata = {"creationTimestamp": ago(600)}
    name = "istio-cni-node"
    return [
        _virtual_node(),
        an_object(DAEMON_SETS, name, "istio-system", metadata=metadata, spec={}, status=status),
        a_pod(
            f"{name}-x",
            a_container(),
            namespace="istio-system",
            owner=("DaemonSet", name),
            spec={"nodeName": "virtual-node-aci-linux"},
            phase="Pending",
            status={"conditions": [a_condition("Ready", "False", "", "ProviderFailed")]},
        ),
    ]


def _istio_with_two_revisions() -> list[Object]:
    entries = {
        "istio-sidecar-injector": {"istio.io/deactivated": "never-match"},
        "istio-revision-tag-default": {"istio-injection": "enabled"},
        "istio-sidecar-injector-1-30-1": {"istio.io/rev": "1-30-1"},
    }
    return [
        *_plane("istiod", "1.29.0", "istiod-1-30-1", "1.30.1"),
        a_pod("old-x", a_container("istio-proxy", ready=True, image="istio/proxyv2:1.29.0")),
        a_pod("new-x", a_container("istio-proxy", ready=True, image="istio/proxyv2:1.30.1")),
    ] + [
        an_object(
            MUTATING_WEBHOOKS,
            name,
            metadata={"creationTimestamp": ago(600)},
            webhooks=[
                {
                    "name": "namespace.sidecar-injector.istio.io",
                    "clientConfig": {"url": "https://istiod.istio-system.svc/inject"},
                    "namespaceSelector": {"matchLabels": selector},
                    "rules": [_rule("", "pods")],
                }
            ],
        )
        for name, selector in entries.items()
    ]


def _injector(**client: str) -> Object:
    entry = {"name": "namespace.sidecar-injector.istio.io", "clientConfig": client}
    return an_object(MUTATING_WEBHOOKS, "istio-asm-managed", webhooks=[entry])


NOTHING: dict[str, Callable[[], Sequence[Object]]] = {
    "tasks that have run beside an older proxy": lambda: [
        *_plane("istiod", "1.30.1"),
        _finished("run-1", "1.18.2"),
    ],
    "two revisions of Istio": _istio_with_two_revisions,
    "a virtual node": lambda: [_virtual_node()],
    "a pod of a DaemonSet on a virtual node": _daemon_set_on_a_virtual_node,
    "a node that has just joined": lambda: [_new_node()],
    "a pod that Kueue holds back": lambda: [_gated()],
    "a placeholder of the autoscaler": lambda: [_placeholder()],
    "a container that was killed once, long ago": _killed_once,
    "a task that failed last month": lambda: [_task_that_failed_last_month()],
    "an object store outside, by a Service": lambda: [
        _external("minio-service"),
        a_config(
            "artifact-repositories",
            "team",
            **{"default-namespaced": _REPOSITORY % "minio-service.kubeflow:9000"},
        ),
    ],
    "an object store outside, by its name": lambda: [
        a_config(
            "artifact-repositories",
            "team",
            **{"default-namespaced": _REPOSITORY % "s3.eu-central-1.amazonaws.com"},
        ),
    ],
    "the artifacts of another Argo": lambda: [
        a_namespace("ci"),
        a_config("artifact-repositories", "ci", default=_REPOSITORY % "minio.ci:9000"),
        a_config("workflow-controller-configmap", "ci", containerRuntimeExecutor="pns"),
    ],
    "a conversion by a Service outside": lambda: [
        _external("converter"),
        a_definition(
            "notebooks.kubeflow.org",
            spec={
                "conversion": {
                    "strategy": "Webhook",
                    "webhook": {
                        "clientConfig": {"service": {"namespace": "kubeflow", "name": "converter"}}
                    },
                }
            },
        ),
    ],
    "a certificate of a shop": lambda: [
        _certificate("shop", conditions=_ready("challenge failed"), notAfter=ago(10))
    ],
    "a certificate that is just being renewed": lambda: [
        _certificate(
            "kubeflow",
            conditions=_ready("Issuing certificate as Secret does not exist", since=1),
            notAfter="2099-01-01T00:00:00Z",
        )
    ],
    "a load balancer of a shop": lambda: [
        a_namespace("shop"),
        an_object(SERVICES, "api-gateway", "shop", spec={"type": "LoadBalancer"}),
    ],
    "a load balancer with external addresses": lambda: [
        an_object(
            SERVICES,
            "istio-ingressgateway",
            "istio-system",
            spec={"type": "LoadBalancer", "externalIPs": ["192.0.2.1"]},
        ),
    ],
    "STRICT in a namespace of others": lambda: [
        a_namespace("shop"),
        an_object(PEER_AUTHENTICATIONS, "default", "shop", spec={"mtls": {"mode": "STRICT"}}),
    ],
    "a rule of others for pods without a proxy": lambda: [
        a_namespace("shop"),
        a_service("db", "shop", app="db"),
        a_pod(
            "db-0", a_container(ready=True), namespace="shop", metadata={"labels": {"app": "db"}}
        ),
        an_object(
            DESTINATION_RULES,
            "db",
            "shop",
            spec={"host": "db", "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}}},
        ),
    ],
    "Kubeflow without Pipelines": lambda: a_profile(
        "two",
        "mlpipeline-minio-artifact",
        "metadata-grpc-configmap",
        "kfp-launcher",
        "artifact-repositories",
    ),
    "definitions of others, with a version that is stored no more": lambda: [
        a_definition(
            "grpcroutes.gateway.networking.k8s.io",
            spec={
                "versions": [
                    {"name": "v1", "served": True, "storage": True},
                    {"name": "v1alpha2", "served": False, "storage": False},
                ]
            },
            stored=["v1alpha2", "v1"],
        )
    ],
    "a Deployment of others that is broken": lambda: [
        a_deployment("x", a_condition("Available", "False"), namespace="shop", ready=0)
    ],
    "Deployments that are scaled to nothing": lambda: [
        a_deployment("katib-ui", wanted=0, ready=0),
        an_object(
            STATEFUL_SETS,
            "keda",
            "kubeflow",
            metadata={"creationTimestamp": ago(600)},
            spec={"replicas": 0},
            status={},
        ),
    ],
    "a paused Deployment": lambda: [a_deployment("katib-ui", paused=True)],
    "images by digest": lambda: [
        a_deployment("katib-controller", image="mirror.corp/k/katib-controller@sha256:ab")
    ],
    "a failed Job of a CronJob": lambda: [
        an_object(
            JOBS,
            "cleanup-1",
            "kubeflow",
            metadata={"ownerReferences": [{"kind": "CronJob", "name": "cleanup"}]},
            status={"conditions": [a_condition("Failed", "True", "BackoffLimitExceeded")]},
        )
    ],
    "a profile that is being deleted": lambda: [
        a_namespace(
            "two",
            labels={"app.kubernetes.io/part-of": "kubeflow-profile"},
            deletionTimestamp=ago(1),
        ),
    ],
    "an Istio that a cloud runs": lambda: [
        a_definition("virtualservices.networking.istio.io"),
        _injector(url="https://istiod.asm.svc/inject/ISTIO_META_CLOUDRUN_ADDR"),
    ],
    "an Istio of another namespace and revision": lambda: [
        a_definition("virtualservices.networking.istio.io"),
        a_deployment("istiod-data-science", namespace="mesh", image="mirror.corp/pilot-rhel8:3"),
    ],
    "pipelines of projects, as OpenShift AI has them": lambda: [
        a_definition("workflows.argoproj.io"),
        a_definition("scheduledworkflows.kubeflow.org"),
        a_deployment(
            "ds-pipeline-workflow-controller-dspa", namespace="shop", image="r/a@sha256:1"
        ),
        a_deployment("ds-pipeline-scheduledworkflow-dspa", namespace="shop", image="r/b@sha256:1"),
    ],
    "a webhook that was just installed": lambda: [
        {
            **(one := _webhook("new", "kubeflow/new", _rule("", "pods"))),
            "metadata": {**one["metadata"], "creationTimestamp": ago(seconds=20)},
        }
    ],
}

_WITHOUT = {
    "Kubeflow without Pipelines": ("ml-pipeline",),
    "an Istio that a cloud runs": ("istiod",),
    "pipelines of projects, as OpenShift AI has them": ("workflow-controller",),
    "an Istio of another namespace and revision": ("istiod",),
}


@pytest.mark.parametrize("habit", NOTHING)
def test_a_habit_is_no_fault(habit: str) -> None:
    snapshot = a_snapshot(*NOTHING[habit](), without=_WITHOUT.get(habit, ()))
    defined = {one["metadata"]["name"] for one in snapshot.all(DEFINITIONS)}
    snapshot = replace(snapshot, served=snapshot.served | defined)
    assert [(one.code, one.sentence) for one in health_of(snapshot).findings] == []


def _of(*objects: Object, **observed: Any) -> list[tuple[str, Severity]]:
    snapshot = replace(a_snapshot(*objects), observed=Observations(**observed))
    return [(one.code, one.severity) for one in health_of(snapshot).findings]


def test_a_namespace_of_others_that_does_not_end_is_a_notice() -> None:
    ending = a_namespace("shop", deletionTimestamp=ago(60))
    assert _of(ending) == [("KF603", Severity.NOTICE)]
    of_profile = a_namespace(
        "two", labels={"app.kubernetes.io/part-of": "kubeflow-profile"}, deletionTimestamp=ago(60)
    )
    assert _of(of_profile) == [("KF603", Severity.DEGRADED)]


@pytest.mark.parametrize(
    ("group", "resource", "selector", "severity"),
    [
        ("shop.example.com", "carts", {}, Severity.NOTICE),
        ("", "pods", {"shop": "yes"}, Severity.NOTICE),
        ("", "pods", {}, Severity.BROKEN),
        ("*", "*", {}, Severity.BROKEN),
        ("kubeflow.org", "notebooks", {}, Severity.BROKEN),
        ("", "pods", {"kubernetes.io/metadata.name": "team"}, Severity.BROKEN),
    ],
)
def test_a_webhook_of_others_breaks_what_kubeflow_asks_it_about(
    group: str, resource: str, selector: dict[str, str], severity: Severity
) -> None:
    chosen = {"namespaceSelector": {"matchLabels": selector}}
    webhook = _webhook("shop", "shop/gone", _rule(group, resource), **chosen)
    assert _of(webhook) == [("KF201", severity)]


def test_a_webhook_of_others_that_may_be_ignored_breaks_nothing() -> None:
    webhook = _webhook("shop", "shop/gone", _rule("", "pods"), failurePolicy="Ignore")
    assert _of(webhook) == [("KF201", Severity.DEGRADED)]


def test_a_node_fewer_is_no_broken_platform() -> None:
    away = a_node("node-b", a_condition("Ready", "Unknown", "Kubelet stopped posting."))
    cni = a_pod("cni-x", namespace="istio-system", owner=("DaemonSet", "cni"))
    cni["spec"]["nodeName"] = "node-b"
    assert _of(away, cni) == [("KF501", Severity.DEGRADED)]
    database = a_pod("mysql-0", owner=("StatefulSet", "mysql"), spec={"nodeName": "node-b"})
    assert _of(away, database) == [("KF501", Severity.BROKEN)]


def test_a_certificate_of_others_that_the_gateway_shows_counts() -> None:
    gateway = an_object(
        GATEWAYS,
        "kubeflow-gateway",
        "kubeflow",
        spec={
            "selector": {"istio": "ingress"},
            "servers": [{"hosts": ["*"], "tls": {"credentialName": "web-tls"}}],
        },
    )
    pod = a_pod(
        "gateway-x",
        a_container(ready=True),
        namespace="edge",
        metadata={"labels": {"istio": "ingress"}},
    )
    certificate = _certificate("edge", "web", notAfter=ago(10))
    assert ("KF223", Severity.BROKEN) in _of(gateway, pod, certificate)
