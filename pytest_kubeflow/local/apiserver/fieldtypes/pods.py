"""Pods and what they are made of, as in k8s.io/api/core/v1."""

from __future__ import annotations

from pytest_kubeflow.local.apiserver.fieldtypes.types import (
    BOOL,
    INT32,
    INT64,
    INT_OR_STRING,
    QUANTITIES,
    QUANTITY,
    STRING,
    STRING_MAP,
    STRINGS,
    ListOf,
    Struct,
    Type,
    strings,
)

OWNER = Struct(
    "v1.OwnerReference",
    {
        **strings("apiVersion", "kind", "name", "uid"),
        "controller": BOOL,
        "blockOwnerDeletion": BOOL,
    },
)
META = Struct(
    "v1.ObjectMeta",
    {
        **strings("name", "generateName", "namespace", "uid", "resourceVersion", "selfLink"),
        **strings("creationTimestamp", "deletionTimestamp"),
        "labels": STRING_MAP,
        "annotations": STRING_MAP,
        "finalizers": STRINGS,
        "ownerReferences": ListOf(OWNER),
        "deletionGracePeriodSeconds": INT64,
        "generation": INT64,
        "managedFields": ListOf(Struct("v1.ManagedFieldsEntry", strings("manager", "operation"))),
    },
)
REQUIREMENT = Struct(
    "v1.LabelSelectorRequirement", {**strings("key", "operator"), "values": STRINGS}
)
SELECTOR = Struct(
    "v1.LabelSelector", {"matchLabels": STRING_MAP, "matchExpressions": ListOf(REQUIREMENT)}
)

_SECURITY: dict[str, Type] = {
    "runAsUser": INT64,
    "runAsGroup": INT64,
    "runAsNonRoot": BOOL,
    "seLinuxOptions": Struct("v1.SELinuxOptions", strings("user", "role", "type", "level")),
    "seccompProfile": Struct("v1.SeccompProfile", strings("type", "localhostProfile")),
    "appArmorProfile": Struct("v1.AppArmorProfile", strings("type", "localhostProfile")),
    "windowsOptions": Struct("v1.WindowsSecurityContextOptions", {"hostProcess": BOOL}),
}
_CONTAINER_SECURITY = Struct(
    "v1.SecurityContext",
    {
        **_SECURITY,
        "privileged": BOOL,
        "allowPrivilegeEscalation": BOOL,
        "readOnlyRootFilesystem": BOOL,
        "procMount": STRING,
        "capabilities": Struct("v1.Capabilities", {"add": STRINGS, "drop": STRINGS}),
    },
)
_POD_SECURITY = Struct(
    "v1.PodSecurityContext",
    {
        **_SECURITY,
        "fsGroup": INT64,
        "supplementalGroups": ListOf(INT64),
        "sysctls": ListOf(Struct("v1.Sysctl", strings("name", "value"))),
    },
)
_ACTION: dict[str, Type] = {
    "exec": Struct("v1.ExecAction", {"command": STRINGS}),
    "httpGet": Struct(
        "v1.HTTPGetAction",
        {
            **strings("path", "host", "scheme"),
            "port": INT_OR_STRING,
            "httpHeaders": ListOf(Struct("v1.HTTPHeader", strings("name", "value"))),
        },
    ),
    "tcpSocket": Struct("v1.TCPSocketAction", {"host": STRING, "port": INT_OR_STRING}),
    "grpc": Struct("v1.GRPCAction", {"port": INT32, "service": STRING}),
}
_PROBE = Struct(
    "v1.Probe",
    {
        **_ACTION,
        **dict.fromkeys(
            (
                "initialDelaySeconds",
                "timeoutSeconds",
                "periodSeconds",
                "successThreshold",
                "failureThreshold",
            ),
            INT32,
        ),
        "terminationGracePeriodSeconds": INT64,
    },
)
_HANDLER = Struct("v1.LifecycleHandler", _ACTION)
_FIELD = Struct("v1.ObjectFieldSelector", strings("apiVersion", "fieldPath"))
_RESOURCE_FIELD = Struct(
    "v1.ResourceFieldSelector", {**strings("containerName", "resource"), "divisor": QUANTITY}
)


def _key(name: str) -> Struct:
    return Struct(name, {**strings("name", "key"), "optional": BOOL})


_ENV = Struct(
    "v1.EnvVar",
    {
        **strings("name", "value"),
        "valueFrom": Struct(
            "v1.EnvVarSource",
            {
                "fieldRef": _FIELD,
                "resourceFieldRef": _RESOURCE_FIELD,
                "configMapKeyRef": _key("v1.ConfigMapKeySelector"),
                "secretKeyRef": _key("v1.SecretKeySelector"),
            },
        ),
    },
)
_REFERENCE: dict[str, Type] = {"name": STRING, "optional": BOOL}
_CONTAINER = Struct(
    "v1.Container",
    {
        **strings("name", "image", "workingDir", "imagePullPolicy", "restartPolicy"),
        **strings("terminationMessagePath", "terminationMessagePolicy"),
        "command": STRINGS,
        "args": STRINGS,
        "env": ListOf(_ENV),
        "envFrom": ListOf(
            Struct(
                "v1.EnvFromSource",
                {
                    "prefix": STRING,
                    "configMapRef": Struct("v1.ConfigMapEnvSource", _REFERENCE),
                    "secretRef": Struct("v1.SecretEnvSource", _REFERENCE),
                },
            )
        ),
        "ports": ListOf(
            Struct(
                "v1.ContainerPort",
                {
                    **strings("name", "protocol", "hostIP"),
                    "containerPort": INT32,
                    "hostPort": INT32,
                },
            )
        ),
        "resources": Struct(
            "v1.ResourceRequirements", {"limits": QUANTITIES, "requests": QUANTITIES}
        ),
        "volumeMounts": ListOf(
            Struct(
                "v1.VolumeMount",
                {
                    **strings("name", "mountPath", "subPath", "subPathExpr", "mountPropagation"),
                    "readOnly": BOOL,
                },
            )
        ),
        "securityContext": _CONTAINER_SECURITY,
        "livenessProbe": _PROBE,
        "readinessProbe": _PROBE,
        "startupProbe": _PROBE,
        "lifecycle": Struct("v1.Lifecycle", {"postStart": _HANDLER, "preStop": _HANDLER}),
        "stdin": BOOL,
        "tty": BOOL,
    },
)
_ITEMS = ListOf(Struct("v1.KeyToPath", {**strings("key", "path"), "mode": INT32}))
_DOWNWARD = ListOf(
    Struct(
        "v1.DownwardAPIVolumeFile",
        {"path": STRING, "fieldRef": _FIELD, "resourceFieldRef": _RESOURCE_FIELD, "mode": INT32},
    )
)
CLAIM_SPEC = Struct(
    "v1.PersistentVolumeClaimSpec",
    {
        **strings("volumeName", "storageClassName", "volumeMode"),
        "accessModes": STRINGS,
        "resources": Struct(
            "v1.VolumeResourceRequirements", {"limits": QUANTITIES, "requests": QUANTITIES}
        ),
        "selector": SELECTOR,
    },
)
_PROJECTION = Struct(
    "v1.VolumeProjection",
    {
        "secret": Struct("v1.SecretProjection", {**_REFERENCE, "items": _ITEMS}),
        "configMap": Struct("v1.ConfigMapProjection", {**_REFERENCE, "items": _ITEMS}),
        "downwardAPI": Struct("v1.DownwardAPIProjection", {"items": _DOWNWARD}),
        "serviceAccountToken": Struct(
            "v1.ServiceAccountTokenProjection",
            {**strings("audience", "path"), "expirationSeconds": INT64},
        ),
    },
)
_VOLUME = Struct(
    "v1.Volume",
    {
        "name": STRING,
        "emptyDir": Struct("v1.EmptyDirVolumeSource", {"medium": STRING, "sizeLimit": QUANTITY}),
        "hostPath": Struct("v1.HostPathVolumeSource", strings("path", "type")),
        "secret": Struct(
            "v1.SecretVolumeSource",
            {"secretName": STRING, "items": _ITEMS, "defaultMode": INT32, "optional": BOOL},
        ),
        "configMap": Struct(
            "v1.ConfigMapVolumeSource", {**_REFERENCE, "items": _ITEMS, "defaultMode": INT32}
        ),
        "downwardAPI": Struct(
            "v1.DownwardAPIVolumeSource", {"items": _DOWNWARD, "defaultMode": INT32}
        ),
        "projected": Struct(
            "v1.ProjectedVolumeSource", {"sources": ListOf(_PROJECTION), "defaultMode": INT32}
        ),
        "persistentVolumeClaim": Struct(
            "v1.PersistentVolumeClaimVolumeSource", {"claimName": STRING, "readOnly": BOOL}
        ),
        "ephemeral": Struct(
            "v1.EphemeralVolumeSource",
            {
                "volumeClaimTemplate": Struct(
                    "v1.PersistentVolumeClaimTemplate", {"metadata": META, "spec": CLAIM_SPEC}
                )
            },
        ),
        "image": Struct("v1.ImageVolumeSource", strings("reference", "pullPolicy")),
    },
)
_NODE_TERM = Struct(
    "v1.NodeSelectorTerm",
    {
        field: ListOf(
            Struct("v1.NodeSelectorRequirement", {**strings("key", "operator"), "values": STRINGS})
        )
        for field in ("matchExpressions", "matchFields")
    },
)
NODE_SELECTOR = Struct("v1.NodeSelector", {"nodeSelectorTerms": ListOf(_NODE_TERM)})
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_POD_TERM = Struct(
    "v1.PodAffinityTerm",
    {"topologyKey": STRING, "namespaces": STRINGS, "labelSelector": SELECTOR},
)


def _pod_affinity(name: str) -> Struct:
    weighted = Struct("v1.WeightedPodAffinityTerm", {"weight": INT32, "podAffinityTerm": _POD_TERM})
    return Struct(name, {_REQUIRED: ListOf(_POD_TERM), _PREFERRED: ListOf(weighted)})


_AFFINITY = Struct(
    "v1.Affinity",
    {
        "nodeAffinity": Struct(
            "v1.NodeAffinity",
            {
                _REQUIRED: NODE_SELECTOR,
                _PREFERRED: ListOf(
                    Struct(
                        "v1.PreferredSchedulingTerm", {"weight": INT32, "preference": _NODE_TERM}
                    )
                ),
            },
        ),
        "podAffinity": _pod_affinity("v1.PodAffinity"),
        "podAntiAffinity": _pod_affinity("v1.PodAntiAffinity"),
    },
)
POD_SPEC = Struct(
    "v1.PodSpec",
    {
        **strings("restartPolicy", "serviceAccountName", "serviceAccount", "nodeName", "hostname"),
        **strings("schedulerName", "priorityClassName", "subdomain", "dnsPolicy"),
        "containers": ListOf(_CONTAINER),
        "initContainers": ListOf(_CONTAINER),
        "volumes": ListOf(_VOLUME),
        "nodeSelector": STRING_MAP,
        "affinity": _AFFINITY,
        "tolerations": ListOf(
            Struct(
                "v1.Toleration",
                {**strings("key", "operator", "value", "effect"), "tolerationSeconds": INT64},
            )
        ),
        "imagePullSecrets": ListOf(Struct("v1.LocalObjectReference", strings("name"))),
        "securityContext": _POD_SECURITY,
        "terminationGracePeriodSeconds": INT64,
        "activeDeadlineSeconds": INT64,
        "automountServiceAccountToken": BOOL,
        "hostNetwork": BOOL,
        "hostPID": BOOL,
        "hostIPC": BOOL,
        "hostUsers": BOOL,
        "enableServiceLinks": BOOL,
    },
)
TEMPLATE = Struct("v1.PodTemplateSpec", {"metadata": META, "spec": POD_SPEC})
