"""Broken: for each fault the objects that show it, beside those of a platform that is whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_kubeflow.platform.causality import without_consequences
from pytest_kubeflow.platform.checks import Check
from pytest_kubeflow.platform.checks.claims import check_claims
from pytest_kubeflow.platform.checks.clocks import check_clocks
from pytest_kubeflow.platform.checks.controllers import check_controllers
from pytest_kubeflow.platform.checks.crashes import check_crashes
from pytest_kubeflow.platform.checks.definitions import check_definitions
from pytest_kubeflow.platform.checks.images import check_images
from pytest_kubeflow.platform.checks.jobs import check_jobs
from pytest_kubeflow.platform.checks.namespaces import check_namespaces
from pytest_kubeflow.platform.checks.nodes import check_nodes
from pytest_kubeflow.platform.checks.pods import check_pods
from pytest_kubeflow.platform.checks.profiles import check_profiles
from pytest_kubeflow.platform.checks.storage_classes import check_storage_classes
from pytest_kubeflow.platform.checks.versions import check_versions
from pytest_kubeflow.platform.checks.workflows import check_workflows
from pytest_kubeflow.platform.checks.workloads import check_workloads
from pytest_kubeflow.platform.finding import Finding, by_weight
from pytest_kubeflow.platform.snapshot import Object, Snapshot
from pytest_kubeflow.platform.snapshot.kind import (
    API_SERVICES,
    AUTHORIZATION_POLICIES,
    CLUSTER_ROLES,
    CONFIG_MAPS,
    DECORATORS,
    JOBS,
    LEASES,
    PROFILES,
    ROLE_BINDINGS,
    SERVICE_ACCOUNTS,
    STATEFUL_SETS,
    STORAGE_CLASSES,
    STORE_KEYS,
)
from pytest_kubeflow.platform.snapshot.observations import Observations
from tests.platform.objects import (
    a_claim,
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
    a_slice,
    a_warning,
    ago,
)
from tests.platform.snapshots import an_object, snapshot_of

CHECKS: Sequence[Check] = (
    check_claims,
    check_clocks,
    check_controllers,
    check_crashes,
    check_definitions,
    check_images,
    check_jobs,
    check_namespaces,
    check_nodes,
    check_pods,
    check_profiles,
    check_storage_classes,
    check_versions,
    check_workflows,
    check_workloads,
)

PARTS = {
    "dashboard": "ghcr.io/kubeflow/dashboard/dashboard:v2.0.0",
    "katib-controller": "ghcr.io/kubeflow/katib/katib-controller:v0.19.0",
    "kserve-controller-manager": "kserve/kserve-controller:v0.18.0",
    "ml-pipeline": "ghcr.io/kubeflow/kfp-api-server:2.16.1",
    "notebook-controller-deployment": "ghcr.io/kubeflow/notebooks/notebook-controller:v1.11.0",
    "poddefaults-webhook-deployment": "ghcr.io/kubeflow/dashboard/poddefaults-webhook:v2.0.0",
    "profiles-deployment": "ghcr.io/kubeflow/dashboard/profile-controller:v2.0.0",
    "workflow-controller": "quay.io/argoproj/workflow-controller:v3.7.3",
}
_LABELS = {
    "app.kubernetes.io/part-of": "kubeflow-profile",
    "katib.kubeflow.org/metrics-collector-injection": "enabled",
    "pipelines.kubeflow.org/enabled": "true",
}
_RULE = {
    "apiGroups": ["argoproj.io"],
    "resources": ["workflows", "workflowtaskresults"],
    "verbs": ["*"],
}
_RESULTS = ("workflowtaskresults.argoproj.io", "experiments.kubeflow.org")


def a_class(name: str, *, default: bool = False, **fields: Any) -> Object:
    """A storage class."""
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"} if default else {}
    return an_object(STORAGE_CLASSES, name, metadata={"annotations": annotations}, **fields)


def a_profile(name: str, *without: str, failed: str = "", **labels: str) -> list[Object]:
    """A profile with all its pieces, without those of these names."""
    conditions = [{"type": "Failed", "message": failed}] if failed else []
    metadata = {"creationTimestamp": ago(60)}
    pieces = (
        (SERVICE_ACCOUNTS, "default-editor"),
        (SERVICE_ACCOUNTS, "default-viewer"),
        (ROLE_BINDINGS, "default-editor"),
        (ROLE_BINDINGS, "default-viewer"),
        (ROLE_BINDINGS, "namespaceAdmin"),
        (AUTHORIZATION_POLICIES, "ns-owner-access-istio"),
        (STORE_KEYS, "mlpipeline-minio-artifact"),
        (CONFIG_MAPS, "metadata-grpc-configmap"),
        (CONFIG_MAPS, "kfp-launcher"),
        (CONFIG_MAPS, "artifact-repositories"),
    )
    owner = {"owner": {"name": f"{name}@example.org"}}
    told = {"conditions": conditions}
    return [
        an_object(PROFILES, name, metadata=metadata, spec=owner, status=told),
        a_namespace(name, labels={**_LABELS, **labels}),
        *(an_object(kind, one, name) for kind, one in pieces if one not in without),
    ]


def whole() -> list[Object]:
    """A platform that is as it should be."""
    ready = {"numberReady": 1, "readyReplicas": 1}
    return [
        a_namespace("kubeflow"),
        a_class("standard", default=True, provisioner="ebs.csi.aws.com"),
        a_node("node-a"),
        an_object(LEASES, "node-a", "kube-node-lease", spec={"renewTime": ago(seconds=3)}),
        *(a_deployment(name, image=image) for name, image in PARTS.items()),
        a_deployment("istiod", namespace="istio-system", image="gcr.io/istio/pilot:1.30.1"),
        a_deployment("cert-manager", namespace="cert-manager"),
        an_object(STATEFUL_SETS, "metacontroller", "kubeflow", spec={"replicas": 1}, status=ready),
        an_object(DECORATORS, "kubeflow-pipelines-profile-controller"),
        an_object(CLUSTER_ROLES, "kubeflow-edit", rules=[_RULE]),
        a_service("seaweedfs"),
        a_slice("seaweedfs"),
        *a_profile("team"),
    ]


def findings(snapshot: Snapshot) -> list[Finding]:
    """What these checks find."""
    return found_by(CHECKS, snapshot)


def found_by(checks: Iterable[Check], snapshot: Snapshot) -> list[Finding]:
    """What some checks find, without what follows from it."""
    found = {one for check in checks for one in check(snapshot)}
    return sorted(without_consequences(found), key=by_weight)


@dataclass(frozen=True)
class Broken:
    """What is there beside a whole platform, or in the place of parts of it."""

    objects: Sequence[Object]
    sentence: str
    """What is said of it."""

    without: Sequence[str] = ()
    """Names of objects of the whole platform that are not there."""

    logs: Mapping[str, str] = field(default_factory=dict)
    also: Sequence[str] = ()
    """Further codes, of other faults at the same time."""

    def snapshot(self) -> Snapshot:
        """The cluster."""
        return a_snapshot(*self.objects, without=self.without, logs=self.logs)


def a_snapshot(
    *objects: Object, without: Sequence[str] = (), logs: Mapping[str, str] | None = None
) -> Snapshot:
    """A whole platform with these objects, each in the place of one of its name and kind."""
    names = {_key(one) for one in objects}
    rest = [
        one for one in whole() if _key(one) not in names and one["metadata"]["name"] not in without
    ]
    observed = Observations(logs=logs or {})
    return snapshot_of(*rest, *objects, observed=observed, serves=_RESULTS)


def _key(obj: Object) -> tuple[str, str, str]:
    metadata = obj["metadata"]
    return obj["kind"], metadata.get("namespace", ""), metadata["name"]


def _crashing(name: str, log: str, **container: Any) -> tuple[list[Object], dict[str, str]]:
    last = container.pop("last", {"exitCode": 1, "reason": "Error", "finishedAt": ago(1)})
    one = a_container(
        waiting="CrashLoopBackOff", restarts=7, last=last, **{"name": "main", **container}
    )
    pod = a_pod(f"{name}-1-x", one, owner=("ReplicaSet", f"{name}-1"))
    objects = [
        a_deployment(
            name, a_condition("Available", "False"), ready=0, image=PARTS.get(name, "x:1")
        ),
        a_replica_set(f"{name}-1", name),
        pod,
    ]
    return objects, {f"kubeflow/{name}-1-x/{one[0]['name']}": log}


def _crash(name: str, log: str, sentence: str, **container: Any) -> Broken:
    objects, logs = _crashing(name, log, **container)
    return Broken(objects, sentence, logs=logs)


def _waiting(
    reason: str, message: str, sentence: str, *others: Object, image: str = "docker.io/x/y:1"
) -> Broken:
    pod = a_pod(
        "katib-ui-1-x",
        a_container(waiting=reason, message=message, image=image),
        owner=("ReplicaSet", "katib-ui-1"),
        phase="Pending",
    )
    deployment = a_deployment("katib-ui", a_condition("Available", "False"), ready=0)
    return Broken([deployment, a_replica_set("katib-ui-1", "katib-ui"), pod, *others], sentence)


def _pending(message: str, sentence: str, **fields: Any) -> Broken:
    pod = a_pod(
        "katib-mysql-0",
        owner=("StatefulSet", "katib-mysql"),
        phase="Pending",
        spec={"nodeName": None},
        status={"conditions": [a_condition("PodScheduled", "False", message)]},
        **fields,
    )
    return Broken([pod], sentence)


_REFUSED = 'pods "katib-ui-1-" is forbidden: '
_PROXY = a_container("istio-proxy", ready=True)


def _broken() -> dict[str, Broken]:  # noqa: PLR0915  # a table
    found: dict[str, Broken] = {}
    found["KF101"] = _crash(
        "katib-controller",
        "starting\npanic: no idea",
        "Deployment kubeflow/katib-controller crashes again and again: container main ended with "
        "exit code 1, 7 restarts",
    )
    found["KF102"] = _crash(
        "ml-pipeline",
        "2026/11/29 10:00:00 too many open files\n",
        "Deployment kubeflow/ml-pipeline crashes because the nodes allow too few inotify instances",
    )
    found["KF103"] = Broken(
        [
            a_deployment(
                "katib-ui",
                a_condition(
                    "ReplicaFailure", "True", f"{_REFUSED}exceeded quota: all, used: pods=9"
                ),
                ready=0,
            )
        ],
        f"Deployment kubeflow/katib-ui has 0 of 1 pods and can make no more: {_REFUSED}exceeded "
        "quota: all, used: pods=9",
    )
    found["KF104"] = Broken(
        [
            a_deployment(
                "katib-ui",
                a_condition(
                    "ReplicaFailure",
                    "True",
                    f'{_REFUSED}violates PodSecurity "restricted:latest": runAsNonRoot != true',
                ),
                ready=0,
            )
        ],
        "Deployment kubeflow/katib-ui has 0 of 1 pods: Pod Security (restricted) of namespace "
        "kubeflow refuses them",
    )
    found["KF105"] = _pending(
        "0/1 nodes are available: 1 Insufficient cpu. preemption: none.",
        "StatefulSet kubeflow/katib-mysql has a pod that no node can take: 0/1 nodes are "
        "available: 1 Insufficient cpu",
    )
    found["KF106"] = Broken(
        [a_pod("old", _PROXY, metadata={"deletionTimestamp": "2026-01-01T10:00:00Z"})],
        "pod kubeflow/old should have ended at 2026-01-01T10:00:00Z and is still on node node-a",
    )
    found["KF107"] = Broken(
        [
            a_pod(
                "profiles-0",
                a_container(
                    ready=True,
                    restarts=1,
                    last={"reason": "OOMKilled", "exitCode": 137},
                    resources={"limits": {"memory": "64Mi"}},
                ),
            )
        ],
        "Pod kubeflow/profiles-0: container main was killed because it ran out of memory, with a "
        "limit of 64Mi",
    )
    unready = [a_condition("Ready", "False", "containers with unready status: [main]")]
    found["KF108"] = Broken(
        [
            a_deployment("katib-ui", a_condition("Available", "False"), ready=0),
            a_replica_set("katib-ui-1", "katib-ui"),
            a_pod(
                "katib-ui-1-x",
                a_container(),
                owner=("ReplicaSet", "katib-ui-1"),
                status={"conditions": unready},
            ),
        ],
        "Deployment kubeflow/katib-ui has 0 of 1 ready pods",
    )
    found["KF109"] = Broken(
        [],
        "Notebooks has no controller: notebooks.kubeflow.org are accepted, and nothing happens to "
        "them",
        without=["notebook-controller-deployment"],
    )
    late = a_condition("Progressing", "False", "has timed out", "ProgressDeadlineExceeded")
    stuck = a_deployment("katib-ui", a_condition("Available", "True"), late)
    stuck["status"]["updatedReplicas"] = 0
    found["KF110"] = Broken(
        [stuck],
        "Deployment kubeflow/katib-ui still runs its old version: the new one has not come "
        "up before its deadline",
    )
    found["KF111"] = Broken(
        [
            a_pod(
                "profiles-0",
                a_container("manager", ready=True, restarts=2, last={"exitCode": 1}),
                _PROXY,
            )
        ],
        "Pod kubeflow/profiles-0: container manager starts before its mesh proxy, and was "
        "restarted 2 times",
        logs={
            "kubeflow/profiles-0/manager": "Get https://10.96.0.1:443/api: dial tcp 10.96.0.1:443: "
            "connect: connection refused"
        },
    )
    found["KF112"] = Broken(
        [
            a_pod(
                "train-x",
                a_container(ended={"exitCode": 0, "finishedAt": ago(9)}),
                _PROXY,
                namespace="team",
                owner=("Job", "train"),
                spec={"restartPolicy": "Never"},
            )
        ],
        "Job team/train does not end: in pod train-x istio-proxy alone still runs",
    )
    found["KF113"] = _waiting(
        "CreateContainerConfigError",
        'secret "katib-mysql-secrets" not found',
        "Deployment kubeflow/katib-ui lacks secret katib-mysql-secrets, which container main "
        "refers to",
    )
    found["KF114"] = _waiting(
        "CreateContainerError",
        'failed to create containerd container: exec: "/x": no such file',
        "Deployment kubeflow/katib-ui: container main cannot be started: failed to create "
        'containerd container: exec: "/x": no such file',
    )
    found["KF115"] = _waiting(
        "ContainerCreating",
        "",
        "Deployment kubeflow/katib-ui has a pod that node node-a cannot connect to the network",
        a_warning(
            "Pod",
            "katib-ui-1-x",
            "FailedCreatePodSandBox",
            'failed to setup network for sandbox "1": plugin type="istio-cni" failed (add)',
        ),
    )
    found["KF116"] = Broken(
        [
            a_pod(
                "minio-0",
                phase="Failed",
                status={"reason": "Evicted", "message": "The node was low on resource: memory."},
            )
        ],
        "pod kubeflow/minio-0 was evicted from node node-a",
    )
    failed = a_condition("Failed", "True", "Job has reached the specified backoff limit")
    found["KF117"] = Broken(
        [an_object(JOBS, "certs", "kubeflow", status={"conditions": [failed]})],
        "Job kubeflow/certs has failed: Job has reached the specified backoff limit",
    )
    found["KF401"] = Broken(
        [a_class("standard"), a_claim("mysql-pv-claim", None)],
        "no storage class is the default one: there are standard",
    )
    found["KF402"] = Broken(
        [a_class("fast", default=True)],
        "2 storage classes are the default one: standard, fast",
    )
    found["KF403"] = Broken(
        [
            a_claim("katib-mysql", "gone"),
            a_warning(
                "PersistentVolumeClaim",
                "katib-mysql",
                "ProvisioningFailed",
                'storageclass.storage.k8s.io "gone" not found',
            ),
        ],
        "claim kubeflow/katib-mysql has no volume: there is no storage class gone (there: "
        "standard)",
    )
    found["KF404"] = _pending(
        "0/2 nodes are available: 2 node(s) had volume node affinity conflict.",
        "StatefulSet kubeflow/katib-mysql cannot start: its volume (kubeflow/katib-mysql) is held "
        "by another node",
        claims=["katib-mysql"],
    )
    found["KF405"] = _crash(
        "mysql",
        "[MY-010091] [Server] Can't create test file /var/lib/mysql/mysqld_tmp.lower-test\n"
        "[MY-010159] [Server] Setting lower_case_table_names=2 because file system is case",
        "Deployment kubeflow/mysql cannot write its volume, whose files belong to another user",
    )
    found["KF406"] = _crash(
        "katib-mysql",
        "[MY-013171] [InnoDB] Cannot boot server version 80026 on data directory built by version "
        "80030. Downgrade is not supported",
        "Deployment kubeflow/katib-mysql cannot read its data, which another release of MySQL has "
        "written",
    )
    found["KF407"] = _crash(
        "metadata-grpc-deployment",
        "Connection Aborted with error: ABORTED: In the given db, MLMDEnv table exists but no "
        "schema_version can be found.",
        "Deployment kubeflow/metadata-grpc-deployment cannot use its database metadb",
    )
    found["KF408"] = Broken(
        [a_class("standard", default=True, provisioner="rancher.io/local-path")],
        "nobody makes volumes of storage class standard: its provisioner rancher.io/local-path is "
        "missing (there is no local-path-provisioner)",
    )
    found["KF501"] = Broken(
        [
            a_node(
                "node-b", a_condition("Ready", "Unknown", "Kubelet stopped posting node status.")
            ),
        ],
        "node node-b is not ready: Kubelet stopped posting node status.",
    )
    found["KF502"] = Broken(
        [a_node("node-b", a_condition("Ready", "True"), a_condition("DiskPressure", "True"))],
        "node node-b runs out of disk space",
    )
    lease = an_object(
        LEASES,
        "node-a",
        "kube-node-lease",
        metadata={"managedFields": [{"manager": "kubelet", "time": "2026-01-01T10:00:00Z"}]},
        spec={"renewTime": "2026-01-01T10:15:00.500000Z"},
    )
    found["KF503"] = Broken([lease], "the clock of node node-a is 900 s ahead of the API server's")
    found["KF504"] = Broken(
        [a_node("node-b", version="v1.30.2")],
        "the kubelets of node-b (1.30) are more than 3 minor releases older than the API server "
        "(v1.34.1)",
    )
    found["KF505"] = Broken(
        [a_node("node-b", unschedulable=True)], "node node-b takes no new pods: it is cordoned"
    )
    found["KF601"] = Broken(
        a_profile("two", "mlpipeline-minio-artifact", "kfp-launcher"),
        "profile two is without Secret mlpipeline-minio-artifact, ConfigMap kfp-launcher",
    )
    found["KF602"] = Broken(
        a_profile("two", failed="namespace already exist, but not owned by profile creator x"),
        "profile two has failed: namespace already exist, but not owned by profile creator x",
    )
    found["KF603"] = Broken(
        [
            a_namespace(
                "old",
                a_condition(
                    "NamespaceFinalizersRemaining",
                    "True",
                    "Some content in the namespace has finalizers remaining: clean-metrics-in-db "
                    "in 2 resource instances",
                ),
                deletionTimestamp="2026-01-01T10:00:00Z",
            )
        ],
        "namespace old has been ending since 2026-01-01T10:00:00Z: Some content in the namespace "
        "has finalizers remaining: clean-metrics-in-db in 2 resource instances",
    )
    found["KF604"] = Broken(
        a_profile("two", **{"katib.kubeflow.org/metrics-collector-injection": ""}),
        "profile two is without the label katib.kubeflow.org/metrics-collector-injection: trials "
        "there never end",
    )
    found["KF701"] = _waiting(
        "ImagePullBackOff",
        'Back-off pulling image "gcr.io/x/y:1"',
        "Deployment kubeflow/katib-ui waits for image gcr.io/x/y:1: it cannot be pulled",
        image="gcr.io/x/y:1",
    )
    found["KF702"] = _waiting(
        "ImagePullBackOff",
        'Back-off pulling image "mysql:8"',
        "Deployment kubeflow/katib-ui waits for image mysql:8: docker.io gives out no more for now",
        a_warning(
            "Pod",
            "katib-ui-1-x",
            "Failed",
            'Failed to pull image "mysql:8": toomanyrequests: You have reached your limit.',
        ),
        image="mysql:8",
    )
    found["KF703"] = _waiting(
        "ErrImagePull",
        "no matching manifest for linux/arm64/v8 in the manifest list entries",
        "Deployment kubeflow/katib-ui cannot run on node-a: there is no image docker.io/x/y:1 for "
        "its architecture",
    )
    old = "docker.io/kubeflowkatib/katib-controller:v0.17.0"
    found["KF711"] = Broken(
        [a_deployment("katib-controller", image=old)],
        "this looks like Kubeflow 26.03.1, but Katib v0.17.0 is of 1.9",
    )
    found["KF712"] = Broken(
        [a_deployment("admission-webhook-deployment")],
        "Deployment kubeflow/admission-webhook-deployment is left from before an upgrade: "
        "poddefaults-webhook-deployment is there in its place",
    )
    found["KF713"] = Broken(
        [
            a_definition(
                "trials.kubeflow.org",
                a_condition("NamesAccepted", "False", '"Trial" is already in use'),
                a_condition("Established", "False", "not all names are accepted"),
            )
        ],
        'CustomResourceDefinition trials.kubeflow.org is not in force: "Trial" is already in use',
    )
    found["KF714"] = Broken(
        [a_definition("trials.kubeflow.org", served=["v1beta1"], stored=["v1alpha3", "v1beta1"])],
        "objects of trials.kubeflow.org may be stored as v1alpha3, which is not served any more "
        "(served: v1beta1)",
    )
    unavailable = a_condition(
        "Available", "False", 'service/metrics-server in "kube-system" is not present', "NotFound"
    )
    found["KF715"] = Broken(
        [an_object(API_SERVICES, "v1.metrics.k8s.io", status={"conditions": [unavailable]})],
        'API service v1.metrics.k8s.io does not answer: service/metrics-server in "kube-system" is '
        "not present",
    )
    found["KF716"] = Broken(
        [
            a_definition("mpijobs.kubeflow.org", served=["v2beta1"]),
            a_deployment("training-operator"),
            a_deployment("mpi-operator", namespace="mpi-operator"),
        ],
        "MPI Operator and Training Operator work on MPIJobs; of mpijobs.kubeflow.org v2beta1 is "
        "served, but Training Operator needs v1",
    )
    webhook = {"clientConfig": {"service": {"namespace": "kubeflow", "name": "gone"}}}
    conversion = {"conversion": {"strategy": "Webhook", "webhook": webhook}}
    found["KF717"] = Broken(
        [a_definition("notebooks.kubeflow.org", spec=conversion)],
        "nobody converts notebooks.kubeflow.org: Service kubeflow/gone is not there",
    )
    found["KF801"] = Broken(
        [a_config("workflow-controller-configmap", containerRuntimeExecutor="pns")],
        "ConfigMap kubeflow/workflow-controller-configmap sets containerRuntimeExecutor: Argo "
        "v3.7.3 has no such setting and refuses all of the configuration",
    )
    found["KF802"] = Broken(
        [an_object(CLUSTER_ROLES, "kubeflow-edit", rules=[{**_RULE, "verbs": ["get", "create"]}])],
        "ClusterRole kubeflow-edit, which default-editor has in every profile, may not patch "
        "workflowtaskresults.argoproj.io",
    )
    repository = '{"s3": {"endpoint": "minio-service.kubeflow:9000", "bucket": "mlpipeline"}}'
    found["KF803"] = Broken(
        [a_config("artifact-repositories", "team", **{"default-namespaced": repository})],
        "artifacts cannot be stored: ConfigMap team/artifact-repositories sends them to Service "
        "kubeflow/minio-service, which is not there",
    )
    return found


BROKEN: Mapping[str, Broken] = _broken()
"""By code."""
