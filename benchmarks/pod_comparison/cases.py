"""The pods that are compared. Each is one question to a kubelet, and as short as that allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.pod_comparison.sight import look
from pytest_kubeflow.local.kube.client import Object

IMAGE = "python:3.11"
FOREVER = ["sh", "-c", "sleep 3600"]
TERM_EXITS = ["sh", "-c", "trap 'exit 3' TERM; while :; do sleep 0.1; done"]


@dataclass(frozen=True)
class Case:
    """A pod, and when it is looked at.

    `until` is a state that is waited for: `finished`, `ready`, `running`, `gone`, `restarted`, `waiting REASON`,
    `event REASON`, `log TEXT`. `then` are steps after that, in pairs of an action and a state: `delete SECONDS`,
    `change`, `ephemeral`.
    """

    name: str
    spec: Object
    until: str = "finished"
    then: Sequence[tuple[str, str]] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    bound: bool = False
    """Bound to its node by hand, not by the scheduler."""


def main(*words: str, name: str = "main", **fields: Any) -> Object:
    """A container; words are a script for sh."""
    command = {"command": ["sh", "-c", *words]} if words else {}
    return {"name": name, "image": IMAGE, **command, **fields}


def pod(*containers: Object, **fields: Any) -> Object:
    """The spec of a pod that is not restarted and ends soon when it is deleted."""
    return {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 2,
        "automountServiceAccountToken": False,
        "containers": list(containers),
        **fields,
    }


def _mount(name: str, path: str, **fields: Any) -> Object:
    return {"name": name, "mountPath": path, **fields}


_EMPTY = {"name": "empty", "emptyDir": {}}
_VOLUMES: list[Object] = [
    _EMPTY,
    {"name": "memory", "emptyDir": {"medium": "Memory", "sizeLimit": "8Mi"}},
    {"name": "config", "configMap": {"name": "words"}},
    {
        "name": "picked",
        "configMap": {
            "name": "words",
            "defaultMode": 0o440,
            "items": [{"key": "a", "path": "x/y/a", "mode": 0o700}, {"key": "b", "path": "b"}],
        },
    },
    {"name": "secret", "secret": {"secretName": "hidden", "defaultMode": 0o400}},
    {
        "name": "downward",
        "downwardAPI": {
            "items": [
                {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}},
                {"path": "name", "mode": 0o600, "fieldRef": {"fieldPath": "metadata.name"}},
            ]
        },
    },
    {
        "name": "all",
        "projected": {
            "defaultMode": 0o640,
            "sources": [
                {"configMap": {"name": "words", "items": [{"key": "a", "path": "sub/a"}]}},
                {"secret": {"name": "hidden"}},
                {"serviceAccountToken": {"path": "token", "expirationSeconds": 3600}},
            ],
        },
    },
]
_TREES = ["/empty", "/memory", "/config", "/picked", "/secret", "/downward"]
_MOUNTS = [_mount(path[1:], path) for path in _TREES]
_ALL_MOUNT = _mount("all", "/all")
_FILLED = "python3 -c 'import sys; x = bytearray(300 << 20); print(len(x))'"
_WRITES = "head -c 60000000 /dev/zero > {}; sleep 3600"
_PROBE = {"periodSeconds": 1, "failureThreshold": 2}


def _seeing_volumes(name: str, **fields: Any) -> Case:
    sight = look(
        trees=_TREES, writable=[*_TREES, "/all"], mounts=[*_TREES, "/all"], size="/memory", who=True
    )
    return Case(
        name,
        pod(
            {"name": "main", "image": IMAGE, **sight, "volumeMounts": [*_MOUNTS, _ALL_MOUNT]},
            volumes=_VOLUMES,
            **fields,
        ),
        metadata={"labels": {"a": "1", "b": "two"}},
    )


ENDS = [
    Case("exit-0", pod(main("echo out; sleep 0.3; echo err >&2"))),
    Case("exit-3", pod(main("exit 3"))),
    Case("killed", pod(main("sh -c 'kill -9 $$$$'; exit $?"))),
    Case("segfault", pod({"name": "main", "image": IMAGE, "command": ["python3", "-c", "import ctypes; ctypes.string_at(0)"]})),
    Case("out-of-memory", pod({"name": "main", "image": IMAGE, "command": ["python3", "-c", "x = bytearray(300 << 20); print(len(x))"], "resources": {"limits": {"memory": "64Mi"}}})),
    Case("two-ends", pod(main("exit 0"), main("sleep 1; exit 4", name="second"))),
    Case("one-runs-on", pod(main("exit 5"), main("sleep 3600", name="second")), until="terminated main"),
    Case("on-failure", pod(main("test -e /empty/x || { touch /empty/x; exit 7; }", volumeMounts=[_mount("empty", "/empty")]), volumes=[_EMPTY], restartPolicy="OnFailure")),
    Case("crash-loop", pod(main("exit 1"), restartPolicy="Always"), until="waiting CrashLoopBackOff"),
    Case("completed-loop", pod(main("exit 0"), restartPolicy="Always"), until="waiting CrashLoopBackOff"),
    Case("deadline", pod(main("sleep 3600"), activeDeadlineSeconds=2)),
    Case("deadline-heeded", pod(main(command=TERM_EXITS), activeDeadlineSeconds=2)),
    Case("message", pod(main("echo it failed > /dev/termination-log; exit 1"))),
    Case("message-path", pod(main("printf 'my words' > /tmp/said", terminationMessagePath="/tmp/said"))),
    Case("message-log", pod(main("for n in $(seq 100); do echo line $n; done; exit 1", terminationMessagePolicy="FallbackToLogsOnError"))),
    Case("message-long", pod(main("head -c 6000 /dev/zero | tr '\\0' x > /dev/termination-log"))),
]  # fmt: skip
DELETED = [
    Case("delete-heeded", pod(main(command=TERM_EXITS)), "running", [("delete 5", "gone")]),
    Case("delete-ignored", pod(main("trap '' TERM; while :; do sleep 0.2; done")), "running", [("delete 1", "gone")]),
    Case("delete-pre-stop", pod(main(command=TERM_EXITS, lifecycle={"preStop": {"exec": {"command": ["sh", "-c", "echo hook > /proc/1/fd/1"]}}})), "running", [("delete 5", "gone")]),
    Case("pre-stop-fails", pod(main(command=TERM_EXITS, lifecycle={"preStop": {"exec": {"command": ["sh", "-c", "echo no; exit 9"]}}})), "running", [("delete 5", "gone")]),
    Case("post-start-fails", pod(main("sleep 3600", lifecycle={"postStart": {"exec": {"command": ["sh", "-c", "echo no; exit 9"]}}})), "finished"),
    Case("post-start-runs", pod(main("sleep 1; cat /empty/x", volumeMounts=[_mount("empty", "/empty")], lifecycle={"postStart": {"exec": {"command": ["sh", "-c", "echo hook > /empty/x"]}}}), volumes=[_EMPTY])),
]  # fmt: skip
INIT = [
    Case("init", pod(main("cat /empty/x", volumeMounts=[_mount("empty", "/empty")]), volumes=[_EMPTY], initContainers=[main("echo one >> /empty/x", name="one", volumeMounts=[_mount("empty", "/empty")]), main("echo two >> /empty/x", name="two", volumeMounts=[_mount("empty", "/empty")])])),
    Case("init-fails", pod(main("echo never"), initContainers=[main("exit 2", name="one"), main("exit 0", name="two")])),
    Case("init-crash-loop", pod(main("echo never"), restartPolicy="Always", initContainers=[main("exit 2", name="one")]), until="waiting CrashLoopBackOff"),
    Case("init-runs", pod(main("echo never"), initContainers=[main("sleep 3600", name="one")]), until="running one"),
    Case("sidecar", pod(main("sleep 1; echo done"), initContainers=[main(name="side", command=TERM_EXITS, restartPolicy="Always")])),
    Case("sidecar-runs", pod(main("sleep 3600"), initContainers=[main(name="side", command=TERM_EXITS, restartPolicy="Always", startupProbe={"exec": {"command": ["true"]}, **_PROBE})]), until="ready"),
    Case("sidecar-fails", pod(main("sleep 6"), initContainers=[main("exit 1", name="side", restartPolicy="Always")])),
]  # fmt: skip
PROBES = [
    Case("startup-fails", pod(main("sleep 3600", startupProbe={"exec": {"command": ["sh", "-c", "echo no; exit 1"]}, **_PROBE}), restartPolicy="Always"), until="restarted"),
    Case("liveness-exec", pod(main("sleep 3600", livenessProbe={"exec": {"command": ["sh", "-c", "echo no >&2; exit 1"]}, **_PROBE}), restartPolicy="Always"), until="restarted"),
    Case("liveness-never", pod(main("sleep 3600", livenessProbe={"exec": {"command": ["false"]}, **_PROBE})), until="finished"),
    Case("liveness-http", pod(main("cd /tmp && python3 -m http.server 8099 2> /dev/null", livenessProbe={"httpGet": {"port": 8099, "path": "/none"}, "initialDelaySeconds": 2, **_PROBE}), restartPolicy="OnFailure"), until="restarted"),
    Case("readiness-http", pod(main("cd /tmp && python3 -m http.server 8098", ports=[{"name": "web", "containerPort": 8098}], readinessProbe={"httpGet": {"port": "web"}, "initialDelaySeconds": 2, **_PROBE})), until="ready"),
    Case("readiness-refused", pod(main("sleep 3600", readinessProbe={"httpGet": {"port": 8097}, **_PROBE})), until="event Unhealthy"),
    Case("readiness-tcp", pod(main("sleep 3600", readinessProbe={"tcpSocket": {"port": 8096}, **_PROBE})), until="event Unhealthy"),
    Case("readiness-timeout", pod(main("sleep 3600", readinessProbe={"exec": {"command": ["sleep", "10"]}, "timeoutSeconds": 1, **_PROBE})), until="event Unhealthy"),
]  # fmt: skip
VOLUMES = [
    _seeing_volumes("volumes"),
    _seeing_volumes("volumes-group", securityContext={"runAsUser": 1000, "runAsGroup": 3000, "fsGroup": 2000}),
    Case("sub-path", pod(main(**look(trees=["/made", "/file", "/expr", "/whole"], mounts=["/made", "/file"], writable=["/made"]), env=[{"name": "WHO", "value": "me"}], volumeMounts=[_mount("empty", "/made", subPath="a/b"), _mount("config", "/file", subPath="a"), _mount("empty", "/expr", subPathExpr="of/$(WHO)"), _mount("empty", "/whole")]), volumes=[_EMPTY, _VOLUMES[2]], securityContext={"fsGroup": 2000})),
    Case("sub-path-user", pod(main(**look(trees=["/made", "/whole"], writable=["/made", "/whole"]), volumeMounts=[_mount("empty", "/made", subPath="a"), _mount("empty", "/whole")]), volumes=[_EMPTY], securityContext={"runAsUser": 1000})),
    Case("host-path", pod(main(**look(trees=["/made"], writable=["/made"]), volumeMounts=[_mount("host", "/made")]), volumes=[{"name": "host", "hostPath": {"path": "/tmp/pod-comparison/made", "type": "DirectoryOrCreate"}}])),
    Case("host-path-missing", pod(main("true", volumeMounts=[_mount("host", "/made")]), volumes=[{"name": "host", "hostPath": {"path": "/tmp/pod-comparison/none", "type": "Directory"}}]), until="event FailedMount"),
    Case("config-changes", pod(main("while :; do if cmp -s /config/a /sub; then sleep 0.2; else ls -A /config | sed 's/^\\.\\.20.*/..time/' | sort; cat /config/a /sub; readlink /config/a /config/..data | sed 's/^\\.\\.20.*/..time/'; echo; echo changed; sleep 3600; fi; done", volumeMounts=[_mount("changing", "/config"), _mount("changing", "/sub", subPath="a")]), volumes=[{"name": "changing", "configMap": {"name": "changing"}}]), "running", [("change", "log changed")]),
    Case("config-missing", pod(main("true", volumeMounts=[_mount("none", "/none")]), volumes=[{"name": "none", "configMap": {"name": "none"}}]), until="event FailedMount"),
    Case("config-optional", pod(main(**look(trees=["/none"]), volumeMounts=[_mount("none", "/none")]), volumes=[{"name": "none", "configMap": {"name": "none", "optional": True}}])),
    Case("config-key-missing", pod(main("true", volumeMounts=[_mount("none", "/none")]), volumes=[{"name": "none", "configMap": {"name": "words", "items": [{"key": "zzz", "path": "z"}]}}]), until="event FailedMount"),
    Case("claim-missing", pod(main("true", volumeMounts=[_mount("none", "/none")]), volumes=[{"name": "none", "persistentVolumeClaim": {"claimName": "none"}}]), until="event FailedMount", bound=True),
    Case("account", pod(main(**look(trees=["/var/run/secrets/kubernetes.io/serviceaccount/namespace", "/var/run/secrets/kubernetes.io/serviceaccount/..data"], mounts=["/var/run/secrets/kubernetes.io/serviceaccount"], writable=["/var/run/secrets/kubernetes.io/serviceaccount"])), automountServiceAccountToken=True)),
]  # fmt: skip
_ENV: list[Object] = [
    {"name": "A", "value": "1"},
    {"name": "B", "value": "$(A)-$$(A)-$(NONE)-$(LATER)-$(w_a)"},
    {"name": "LATER", "value": "$(KUBERNETES_PORT_443_TCP_PROTO) $(PATH) $(HOME) $(HOSTNAME)"},
    {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
    {"name": "LABEL", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['a']"}}},
    {"name": "ACCOUNT", "valueFrom": {"fieldRef": {"fieldPath": "spec.serviceAccountName"}}},
    {
        "name": "CPU",
        "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1m"}},
    },
    {"name": "MEMORY", "valueFrom": {"resourceFieldRef": {"resource": "requests.memory"}}},
    {"name": "KEY", "valueFrom": {"configMapKeyRef": {"name": "words", "key": "a"}}},
    {
        "name": "NO_KEY",
        "valueFrom": {"secretKeyRef": {"name": "hidden", "key": "none", "optional": True}},
    },
]
_FROM: list[Object] = [
    {"prefix": "w_", "configMapRef": {"name": "words"}},
    {"secretRef": {"name": "hidden"}},
    {"configMapRef": {"name": "none", "optional": True}},
]
ENVIRONMENT = [
    Case("environment", pod(main(**look(env=[*(one["name"] for one in _ENV), "w_a", "w_b", "password", "HOME", "HOSTNAME"]), env=_ENV, envFrom=_FROM, resources={"requests": {"memory": "8Mi"}, "limits": {"cpu": "500m", "memory": "64Mi"}})), metadata={"labels": {"a": "x"}}),
    Case("variable-names", pod(main(**look(names=["LC_", "LANG", "PYTHON", "SSL_", "GPG_", "_"])))),
    Case("expansion", pod(main("echo $(A) '$$(A)' '$$$(A)' '$(NONE)' '$(KUBERNETES_SERVICE_PORT)' '$(PATH)' '$(HOME)' $1 $2", "sh", env=[{"name": "A", "value": "one"}], args=["$(A)", "$(w_a)"], envFrom=[_FROM[0]]))),
    Case("working-dir", pod(main(**look(where=True, trees=["/not/there"]), workingDir="/not/there"))),
    Case("host-names", pod(main(**look(where=True, lines=["/etc/hostname"])), hostname="some", subdomain="sub")),
    Case("hosts", pod(main(**look(lines=["/etc/hosts"], trees=["/etc/hosts"], mounts=["/etc/hosts"])), hostAliases=[{"ip": "10.9.8.7", "hostnames": ["one", "two"]}])),
    Case("env-config-missing", pod(main("true", envFrom=[{"configMapRef": {"name": "none"}}])), until="waiting CreateContainerConfigError"),
    Case("env-key-missing", pod(main("true", env=[{"name": "A", "valueFrom": {"secretKeyRef": {"name": "hidden", "key": "none"}}}])), until="waiting CreateContainerConfigError"),
]  # fmt: skip
USERS = [
    Case("users", pod(main(**look(who=True, env=["HOME"], writable=["/", "/tmp"])), securityContext={"runAsUser": 1000, "runAsGroup": 3000, "fsGroup": 2000, "supplementalGroups": [4000]})),
    Case("capabilities", pod(main(**look(who=True, status=["CapEff", "CapBnd", "NoNewPrivs"])))),
    Case("capabilities-none", pod(main(**look(who=True, status=["CapEff", "CapBnd", "NoNewPrivs"]), securityContext={"runAsUser": 1000, "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}))),
    Case("non-root", pod(main("true"), securityContext={"runAsNonRoot": True}), until="waiting CreateContainerConfigError"),
    Case("non-root-zero", pod(main("true", securityContext={"runAsUser": 0}), securityContext={"runAsNonRoot": True}), until="waiting CreateContainerConfigError"),
    Case("non-root-user", pod(main(**look(who=True)), securityContext={"runAsNonRoot": True, "runAsUser": 1000})),
    Case("read-only-root", pod(main(**look(writable=["/", "/tmp", "/empty"]), securityContext={"readOnlyRootFilesystem": True}, volumeMounts=[_mount("empty", "/empty")]), volumes=[_EMPTY])),
]  # fmt: skip
STORAGE = [
    Case("evicted-container", pod(main(_WRITES.format("/tmp/x"), resources={"limits": {"ephemeral-storage": "10Mi"}}))),
    Case("evicted-empty-dir", pod(main(_WRITES.format("/empty/x"), volumeMounts=[_mount("empty", "/empty")]), volumes=[{"name": "empty", "emptyDir": {"sizeLimit": "10Mi"}}])),
    Case("evicted-pod", pod(main(_WRITES.format("/empty/x"), volumeMounts=[_mount("empty", "/empty")], resources={"limits": {"ephemeral-storage": "10Mi"}}), volumes=[_EMPTY])),
]  # fmt: skip
IMAGES = [
    Case("image-missing", pod({**main("true"), "image": "registry.invalid/none:1"}), until="waiting ImagePullBackOff"),
    Case("image-never", pod({**main("true", imagePullPolicy="Never"), "image": "registry.invalid/none:1"}), until="waiting ErrImageNeverPull"),
    Case("image-invalid", pod({**main("true"), "image": "Not an image"}), until="waiting InvalidImageName"),
    Case("image-beside", pod(main("sleep 3600"), {**main("true", name="second", imagePullPolicy="Never"), "image": "registry.invalid/none:1"}), until="waiting ErrImageNeverPull"),
    Case("no-command", pod(main(command=["/no/such/program"]))),
    Case("no-command-in-path", pod(main(command=["no-such-program"]))),
    Case("command-directory", pod(main(command=["/etc"]))),
    Case("no-command-loop", pod(main(command=["/no/such/program"]), restartPolicy="Always"), until="waiting CrashLoopBackOff"),
    Case("too-much-cpu", pod(main("true", resources={"requests": {"cpu": "1000"}})), bound=True),
    Case("wrong-node", pod(main("true"), nodeSelector={"no": "such"}), bound=True),
    Case("debugged", pod(main("sleep 3600")), "running", [("ephemeral", "ephemeral ended")]),
]  # fmt: skip

CASES: Sequence[Case] = [
    *ENDS, *DELETED, *INIT, *PROBES, *VOLUMES, *ENVIRONMENT, *USERS, *STORAGE, *IMAGES
]  # fmt: skip
