"""Requests that a Kubernetes API takes or refuses; `NS` in them is a namespace of the test's own.

They are sent in their order, to a namespace in which there is a service account `default` and
nothing else: later ones change what earlier ones made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

CORE, APPS, BATCH = (
    "/api/v1/namespaces/NS",
    "/apis/apps/v1/namespaces/NS",
    "/apis/batch/v1/namespaces/NS",
)
RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces/NS"
JSON, MERGE = "application/json", "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"
WORKLOAD = {
    "selector": {"matchLabels": {"a": "b"}},
    "template": {
        "metadata": {"labels": {"a": "b"}},
        "spec": {"containers": [{"name": "main", "image": "x:1"}]},
    },
}
JOB = {
    "template": {
        "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "x:1"}]}
    }
}


@dataclass(frozen=True)
class Case:
    """A request. `name` is unique."""

    name: str
    method: str
    path: str
    body: Any = None
    content_type: str = JSON


def named(name: str, **fields: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, **fields}


def pod(container: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    main = {"name": "main", "image": "x:1", **(container or {})}
    return named("p", spec={"containers": [main], **spec})


def volume(**source: Any) -> dict[str, Any]:
    return pod(volumes=[{"name": "v", **source}])


def claim(**spec: Any) -> dict[str, Any]:
    given = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    return named("c", spec={**given, **spec})


_PODS: dict[str, dict[str, Any]] = {
    "no containers": named("p", spec={}),
    "a name in capitals": named("P", spec=pod()["spec"]),
    "a container in capitals": pod({"name": "Main"}),
    "no image": pod({"image": ""}),
    "an image with a blank before it": pod({"image": " x:1"}),
    "a policy that is none": pod({"imagePullPolicy": "Sometimes"}),
    "a port of 0": pod({"ports": [{"containerPort": 0}]}),
    "a port too high": pod({"ports": [{"containerPort": 65536}]}),
    "a port's protocol": pod({"ports": [{"containerPort": 1, "protocol": "ICMP"}]}),
    "a host port too high": pod({"ports": [{"containerPort": 1, "hostPort": 70000}]}),
    "a variable without a name": pod({"env": [{"value": "x"}]}),
    "a variable with an equals sign": pod({"env": [{"name": "a=b"}]}),
    "a variable twice over": pod(
        {
            "env": [
                {
                    "name": "A",
                    "value": "1",
                    "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}},
                }
            ]
        }
    ),
    "a variable of no field": pod(
        {"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec.x"}}}]}
    ),
    "a variable of a key that is not named": pod(
        {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s"}}}]}
    ),
    "a mount of nothing": pod({"volumeMounts": [{"name": "w", "mountPath": "/w"}]}),
    "a mount nowhere": pod(
        {"volumeMounts": [{"name": "v"}]}, volumes=[{"name": "v", "emptyDir": {}}]
    ),
    "two mounts at one place": pod(
        {"volumeMounts": [{"name": "v", "mountPath": "/v"}, {"name": "v", "mountPath": "/v"}]},
        volumes=[{"name": "v", "emptyDir": {}}],
    ),
    "a subpath that leads out": pod(
        {"volumeMounts": [{"name": "v", "mountPath": "/v", "subPath": "a/../../b"}]},
        volumes=[{"name": "v", "emptyDir": {}}],
    ),
    "a subpath from the root": pod(
        {"volumeMounts": [{"name": "v", "mountPath": "/v", "subPath": "/a"}]},
        volumes=[{"name": "v", "emptyDir": {}}],
    ),
    "a volume of two kinds": volume(emptyDir={}, configMap={"name": "c"}),
    "a volume called twice": pod(volumes=[{"name": "v", "emptyDir": {}}] * 2),
    "a volume in capitals": pod(volumes=[{"name": "V", "emptyDir": {}}]),
    "a volume of no claim": volume(persistentVolumeClaim={}),
    "a volume of no secret": volume(secret={}),
    "a volume with a mode too high": volume(configMap={"name": "c", "defaultMode": 4096}),
    "a volume's file outside": volume(
        configMap={"name": "c", "items": [{"key": "k", "path": "../k"}]}
    ),
    "a host path outside": volume(hostPath={"path": "/a/../b"}),
    "a host path of no kind": volume(hostPath={"path": "/a", "type": "Pipe"}),
    "a token for a moment": volume(
        projected={"sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 60}}]}
    ),
    "a probe that does nothing": pod({"readinessProbe": {"periodSeconds": 1}}),
    "a probe that does two things": pod(
        {"readinessProbe": {"exec": {"command": ["x"]}, "tcpSocket": {"port": 1}}}
    ),
    "a probe that never begins": pod(
        {"livenessProbe": {"exec": {"command": ["x"]}, "initialDelaySeconds": -1}}
    ),
    "a probe without a command": pod({"livenessProbe": {"exec": {}}}),
    "a probe at no port": pod({"livenessProbe": {"httpGet": {"path": "/", "port": 0}}}),
    "a hook that does nothing": pod({"lifecycle": {"preStop": {}}}),
    "a restart policy that is none": pod(restartPolicy="Perhaps"),
    "a DNS policy that is none": pod(dnsPolicy="Mine"),
    "no DNS": pod(dnsPolicy="None", dnsConfig={}),
    "a hostname in capitals": pod(hostname="Host"),
    "no time": pod(activeDeadlineSeconds=0),
    "a node's label that is none": pod(nodeSelector={"a b": "c"}),
    "a node's label without a value": pod(nodeSelector={"a": "b c"}),
    "a toleration of everything that equals": pod(
        tolerations=[{"operator": "Equal", "value": "x"}]
    ),
    "a toleration of no effect": pod(
        tolerations=[{"key": "a", "operator": "Exists", "effect": "Soon"}]
    ),
    "a toleration for a while": pod(
        tolerations=[
            {"key": "a", "operator": "Exists", "tolerationSeconds": 5, "effect": "NoSchedule"}
        ]
    ),
    "affinity to nothing": pod(
        affinity={
            "podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": ""}]}
        }
    ),
    "affinity without weight": pod(
        affinity={
            "nodeAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {
                        "weight": 0,
                        "preference": {"matchExpressions": [{"key": "a", "operator": "Exists"}]},
                    }
                ]
            }
        }
    ),
    "affinity by no operator": pod(
        affinity={
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Is"}]}]
                }
            }
        }
    ),
    "a spread of no kind": pod(
        topologySpreadConstraints=[{"maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "Cry"}]
    ),
    "a class that is not there": pod(priorityClassName="none"),
    "a runtime that is not there": pod(runtimeClassName="none"),
    "an account that is not there": pod(serviceAccountName="none"),
    "rights that contradict": pod(
        {
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "capabilities": {"add": ["CAP_SYS_ADMIN"]},
            }
        }
    ),
    "a request above its limit": pod(
        {"resources": {"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}}}
    ),
    "an amount that is none": pod({"resources": {"limits": {"cpu": "lots"}}}),
    "less than nothing": pod({"resources": {"limits": {"cpu": "-1"}}}),
    "a number for a name": pod({"name": 1}),
    "a text for a number": pod({"ports": [{"containerPort": "80"}]}),
    "half a port": pod({"ports": [{"containerPort": 80.5}]}),
    "an object for a list": pod({"env": {"A": "1"}}),
    "a debug container at once": pod(ephemeralContainers=[{"name": "d", "image": "x:1"}]),
}
_OTHERS: dict[str, tuple[str, dict[str, Any]]] = {
    "a ConfigMap with a slash": (f"{CORE}/configmaps", named("x", data={"a/b": ""})),
    "a ConfigMap with two dots": (f"{CORE}/configmaps", named("x", data={"..": ""})),
    "a ConfigMap with a key twice": (
        f"{CORE}/configmaps",
        named("x", data={"a": ""}, binaryData={"a": ""}),
    ),
    "a ConfigMap whose bytes are none": (f"{CORE}/configmaps", named("x", binaryData={"a": "?"})),
    "a Secret of TLS without key": (
        f"{CORE}/secrets",
        named("x", type="kubernetes.io/tls", data={"tls.crt": ""}),
    ),
    "a Secret for a registry, empty": (
        f"{CORE}/secrets",
        named("x", type="kubernetes.io/dockerconfigjson"),
    ),
    "a Secret for SSH, empty": (f"{CORE}/secrets", named("x", type="kubernetes.io/ssh-auth")),
    "a Secret for nobody": (f"{CORE}/secrets", named("x", type="kubernetes.io/basic-auth")),
    "a Secret whose bytes are none": (f"{CORE}/secrets", named("x", data={"a": "a"})),
    "a Service without ports": (f"{CORE}/services", named("s", spec={})),
    "a Service with a digit first": (
        f"{CORE}/services",
        named("1s", spec={"ports": [{"port": 1}]}),
    ),
    "a Service of a port too high": (
        f"{CORE}/services",
        named("s", spec={"ports": [{"port": 65536}]}),
    ),
    "a Service of two ports of one name": (
        f"{CORE}/services",
        named("s", spec={"ports": [{"name": "a", "port": 1}, {"name": "a", "port": 2}]}),
    ),
    "a Service of a protocol": (
        f"{CORE}/services",
        named("s", spec={"ports": [{"port": 1, "protocol": "ICMP"}]}),
    ),
    "a Service of a kind": (
        f"{CORE}/services",
        named("s", spec={"type": "Public", "ports": [{"port": 1}]}),
    ),
    "a Service of affinity": (
        f"{CORE}/services",
        named("s", spec={"sessionAffinity": "User", "ports": [{"port": 1}]}),
    ),
    "a claim in no way": (f"{CORE}/persistentvolumeclaims", claim(accessModes=[])),
    "a claim in a way that is none": (
        f"{CORE}/persistentvolumeclaims",
        claim(accessModes=["WriteOnly"]),
    ),
    "a claim of nothing": (f"{CORE}/persistentvolumeclaims", claim(resources={})),
    "a claim of less": (
        f"{CORE}/persistentvolumeclaims",
        claim(resources={"requests": {"storage": "0"}}),
    ),
    "a claim of a mode": (f"{CORE}/persistentvolumeclaims", claim(volumeMode="Disk")),
    "a Deployment without selector": (
        f"{APPS}/deployments",
        named("d", spec={"template": WORKLOAD["template"]}),
    ),
    "a Deployment for others": (
        f"{APPS}/deployments",
        named("d", spec={**WORKLOAD, "selector": {"matchLabels": {"a": "c"}}}),
    ),
    "a Deployment of less than nothing": (
        f"{APPS}/deployments",
        named("d", spec={**WORKLOAD, "replicas": -1}),
    ),
    "a Deployment of a strategy": (
        f"{APPS}/deployments",
        named("d", spec={**WORKLOAD, "strategy": {"type": "Slowly"}}),
    ),
    "a Deployment in no time": (
        f"{APPS}/deployments",
        named("d", spec={**WORKLOAD, "progressDeadlineSeconds": 5, "minReadySeconds": 5}),
    ),
    "a ReplicaSet of less than nothing": (
        f"{APPS}/replicasets",
        named("r", spec={**WORKLOAD, "replicas": -1}),
    ),
    "a StatefulSet of a policy": (
        f"{APPS}/statefulsets",
        named("s", spec={**WORKLOAD, "serviceName": "s", "podManagementPolicy": "Wild"}),
    ),
    "a DaemonSet without template": (
        f"{APPS}/daemonsets",
        named("d", spec={"selector": WORKLOAD["selector"], "template": {}}),
    ),
    "a Job that restarts always": (
        f"{BATCH}/jobs",
        named("j", spec={"template": WORKLOAD["template"]}),
    ),
    "a Job of less than nothing": (f"{BATCH}/jobs", named("j", spec={**JOB, "parallelism": -1})),
    "a CronJob of six fields": (
        f"{BATCH}/cronjobs",
        named("c", spec={"schedule": "* * * * * *", "jobTemplate": {"spec": JOB}}),
    ),
    "a CronJob on Mars": (
        f"{BATCH}/cronjobs",
        named(
            "c", spec={"schedule": "* * * * *", "timeZone": "Mars/X", "jobTemplate": {"spec": JOB}}
        ),
    ),
    "a CronJob of a policy": (
        f"{BATCH}/cronjobs",
        named(
            "c",
            spec={
                "schedule": "* * * * *",
                "concurrencyPolicy": "Any",
                "jobTemplate": {"spec": JOB},
            },
        ),
    ),
    "a Role of no verbs": (
        f"{RBAC}/roles",
        named("r", rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": []}]),
    ),
    "a Role of no resources": (
        f"{RBAC}/roles",
        named("r", rules=[{"apiGroups": [""], "verbs": ["get"]}]),
    ),
    "a Role of paths": (
        f"{RBAC}/roles",
        named("r", rules=[{"nonResourceURLs": ["/"], "verbs": ["get"]}]),
    ),
    "a RoleBinding to nothing": (f"{RBAC}/rolebindings", named("b", roleRef={})),
    "a RoleBinding for a robot": (
        f"{RBAC}/rolebindings",
        named(
            "b",
            roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
            subjects=[{"kind": "Robot", "name": "x"}],
        ),
    ),
    "a StorageClass of nobody": ("/apis/storage.k8s.io/v1/storageclasses", named("NS")),
    "a PriorityClass of the system": (
        "/apis/scheduling.k8s.io/v1/priorityclasses",
        named("system-x", value=1),
    ),
    "a PriorityClass too high": (
        "/apis/scheduling.k8s.io/v1/priorityclasses",
        named("NS", value=2000000000),
    ),
    "a budget of two kinds": (
        "/apis/policy/v1/namespaces/NS/poddisruptionbudgets",
        named("b", spec={"minAvailable": 1, "maxUnavailable": 1}),
    ),
    "an Ingress to nowhere": (
        "/apis/networking.k8s.io/v1/namespaces/NS/ingresses",
        named("i", spec={}),
    ),
    "an event about another namespace": (
        f"{CORE}/events",
        named("e", involvedObject={"namespace": "default", "kind": "Pod", "name": "p"}),
    ),
    "a lease of a day": (
        "/apis/coordination.k8s.io/v1/namespaces/NS/leases",
        named("l", spec={"renewTime": "2026-01-01"}),
    ),
    "a quota of nothing known": (
        f"{CORE}/resourcequotas",
        named("q", spec={"hard": {"pods": "many"}}),
    ),
}


def cases() -> Iterator[Case]:
    """All of them, in their order."""
    for name, body in _PODS.items():
        yield Case(f"pod: {name}", "POST", f"{CORE}/pods", body)
    for name, (path, body) in _OTHERS.items():
        yield Case(name, "POST", path, body)
    yield from _written()
    yield from _changed()


def _written() -> Iterator[Case]:
    """What a query may say, and bodies that are none."""
    path = f"{CORE}/configmaps"
    yield Case(
        "unknown fields, strictly", "POST", f"{path}?fieldValidation=Strict", named("x", a=1, b=2)
    )
    yield Case(
        "unknown fields deep down, strictly",
        "POST",
        f"{CORE}/pods?fieldValidation=Strict",
        pod({"env": [{"name": "A", "valu": "1"}]}, nodes=1),
    )
    twice = '{"metadata":{"name":"x"},"data":{"a":"1","a":"2"}}'
    yield Case("a member twice, strictly", "POST", f"{path}?fieldValidation=Strict", twice)
    yield Case("validation of no kind", "POST", f"{path}?fieldValidation=Loose", named("x"))
    yield Case("a dry run of no kind", "POST", f"{path}?dryRun=true", named("x"))
    yield Case("a manager too long", "POST", f"{path}?fieldManager={'m' * 200}", named("x"))
    yield Case(
        "labels that are none", "POST", path, {"metadata": {"name": "x", "labels": {"/a": "b"}}}
    )
    yield Case(
        "a label too long", "POST", path, {"metadata": {"name": "x", "labels": {"a": "b" * 64}}}
    )
    yield Case("a name too long", "POST", path, named("x" * 254))
    yield Case("no name", "POST", path, {"metadata": {}})
    yield Case(
        "an owner without anything",
        "POST",
        path,
        {"metadata": {"name": "x", "ownerReferences": [{}]}},
    )
    yield Case(
        "a finalizer without domain",
        "POST",
        path,
        {"metadata": {"name": "x", "finalizers": ["mine"]}},
    )
    yield Case(
        "a version of one's own", "POST", path, {"metadata": {"name": "x", "resourceVersion": "1"}}
    )
    yield Case(
        "another namespace", "POST", path, {"metadata": {"name": "x", "namespace": "default"}}
    )
    yield Case("no such namespace", "POST", "/api/v1/namespaces/no-such/configmaps", named("x"))
    yield Case("in the whole cluster", "POST", "/api/v1/configmaps", named("x"))
    yield Case("no such resource", "GET", f"{CORE}/widgets")
    yield Case("no such group", "GET", "/apis/none.example.org/v1/things")
    yield Case("no such part", "GET", f"{path}/x/status")
    yield Case("a limit that is none", "GET", f"{path}?limit=some")
    yield Case("a field that is none", "GET", f"{path}?fieldSelector=data.a%3Db")
    yield Case("a version that is none", "GET", f"{path}?resourceVersion=now")
    yield Case("the default namespace", "DELETE", "/api/v1/namespaces/default")


def _changed() -> Iterator[Case]:
    """What may not become of what is there."""
    maps, secrets = f"{CORE}/configmaps", f"{CORE}/secrets"
    yield Case("an immutable ConfigMap", "POST", maps, named("i", data={"a": "1"}, immutable=True))
    yield Case("its data", "PATCH", f"{maps}/i", {"data": {"a": "2"}}, MERGE)
    yield Case("its immutability", "PATCH", f"{maps}/i", {"immutable": False}, MERGE)
    yield Case("a Secret", "POST", secrets, named("s", stringData={"a": "b"}))
    yield Case("its type", "PATCH", f"{secrets}/s", {"type": "example.org/x"}, MERGE)
    yield Case("its name", "PATCH", f"{secrets}/s", {"metadata": {"name": "t"}}, MERGE)
    yield Case(
        "its namespace", "PATCH", f"{secrets}/s", {"metadata": {"namespace": "default"}}, MERGE
    )
    yield Case("a number in it", "PATCH", f"{secrets}/s", {"data": {"a": 1}}, MERGE)
    yield Case(
        "an unknown field in it, strictly",
        "PATCH",
        f"{secrets}/s?fieldValidation=Strict",
        {"nothing": 1},
        MERGE,
    )
    yield Case(
        "a test that fails",
        "PATCH",
        f"{secrets}/s",
        [{"op": "test", "path": "/type", "value": ""}],
        JSON_PATCH,
    )
    yield Case(
        "an operation of no kind",
        "PATCH",
        f"{secrets}/s",
        [{"op": "turn", "path": "/a"}],
        JSON_PATCH,
    )
    yield Case("no list of operations", "PATCH", f"{secrets}/s", {"a": 1}, JSON_PATCH)
    yield Case("applied by nobody", "PATCH", f"{secrets}/s", named("s"), APPLY)
    yield Case("forced, and not applied", "PATCH", f"{secrets}/s?force=true", {}, MERGE)
    yield Case("a PUT of no name", "PUT", f"{secrets}/s", {"data": {}})
    yield Case("a PUT of another name", "PUT", f"{secrets}/s", named("t"))
    yield Case("a PUT of what is not there", "PUT", f"{secrets}/t", named("t"))
    yield Case("a DELETE in no way", "DELETE", f"{secrets}/s", {"propagationPolicy": "Never"})
    yield Case(
        "a DELETE of another", "DELETE", f"{secrets}/s", {"preconditions": {"uid": "not-this-one"}}
    )
    yield Case("a Deployment", "POST", f"{APPS}/deployments", named("d", spec=WORKLOAD))
    selector = {"spec": {"selector": {"matchLabels": {"a": "c"}}}}
    labels = {"spec": {"template": {"metadata": {"labels": {"a": "c"}}}}}
    both = {"spec": {**selector["spec"], **labels["spec"]}}
    yield Case("its selector", "PATCH", f"{APPS}/deployments/d", both, MERGE)
    yield Case("its template", "PATCH", f"{APPS}/deployments/d", labels, MERGE)
    yield Case("a Service", "POST", f"{CORE}/services", named("s", spec={"ports": [{"port": 1}]}))
    yield Case(
        "its address",
        "PATCH",
        f"{CORE}/services/s",
        {"spec": {"clusterIP": "1.1.1.1", "clusterIPs": ["1.1.1.1"]}},
        MERGE,
    )
    yield Case("a claim", "POST", f"{CORE}/persistentvolumeclaims", claim())
    grown = {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}
    yield Case("its size", "PATCH", f"{CORE}/persistentvolumeclaims/c", grown, MERGE)
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"}
    yield Case("a RoleBinding", "POST", f"{RBAC}/rolebindings", named("b", roleRef=reference))
    yield Case("its role", "PATCH", f"{RBAC}/rolebindings/b", {"roleRef": {"name": "x"}}, MERGE)
