"""What Katib's webhook makes of a trial's pod: its command wrapped, a collector beside it.

Rules and words: kubeflow/katib v0.19.0, pkg/webhook/v1beta1/pod.
"""

from __future__ import annotations

import copy
import posixpath
from collections.abc import Sequence

from pytest_kubeflow.local.fastjson import decode, encode
from pytest_kubeflow.local.katib.config import KatibConfig
from pytest_kubeflow.local.katib.dbmanager import ENDPOINT
from pytest_kubeflow.local.katib.labels import TRIAL
from pytest_kubeflow.local.kube.client import Object

_VOLUME = "metrics-volume"
_FILE = "/var/log/katib/metrics.log"
_WRAPPED = ("StdOut", "TensorFlowEvent", "File")
_TRIAL_VARIABLE = "KATIB_TRIAL_NAME"


class InjectionError(Exception):
    """A pod cannot be wrapped; the message is Katib's, or says what it would have asked."""


def is_primary(pod: Object, trial: Object) -> bool:
    """Whether it is this pod of the trial whose metrics are collected."""
    labels = pod["metadata"].get("labels") or {}
    wanted = trial["spec"].get("primaryPodLabels")
    return wanted is None or wanted.items() <= labels.items()


def named(pod: Object, trial: Object) -> Object:
    """The pod with what every pod of a trial gets. Raises InjectionError."""
    metadata = pod["metadata"]
    labels = {
        **(metadata.get("labels") or {}),
        **(trial["metadata"].get("labels") or {}),
        TRIAL: trial["metadata"]["name"],
    }
    changed: Object = decode(encode({**pod, "metadata": {**metadata, "labels": labels}}))
    container = _primary(changed, trial)
    if container is None:
        raise InjectionError(
            f"Unable to find primary container {trial['spec'].get('primaryContainerName', '')} in "
            f"mutated pod containers {_names(changed)}"
        )
    source = {"fieldRef": {"fieldPath": f"metadata.labels['{TRIAL}']"}}
    container.setdefault("env", []).append({"name": _TRIAL_VARIABLE, "valueFrom": source})
    return changed


def collected(
    pod: Object, trial: Object, config: KatibConfig, *, stopping_endpoint: str = ""
) -> Object:
    """A pod of `named` with its collector. Raises InjectionError, ConfigError."""
    changed: Object = decode(encode(pod))
    spec = changed["spec"]
    collector = _collector(trial, config, stopping_endpoint)
    spec["containers"].append(collector)
    spec["shareProcessNamespace"] = True
    path, is_directory = mount_path(trial["spec"]["metricsCollector"])
    if path:
        directory = path if is_directory else posixpath.dirname(path)
        names = {collector.get("name", ""), trial["spec"].get("primaryContainerName")}
        for container in spec["containers"]:
            if container.get("name", "") in names:
                mount = {"name": _VOLUME, "mountPath": directory}
                container.setdefault("volumeMounts", []).append(mount)
        spec.setdefault("volumes", []).append({"name": _VOLUME, "emptyDir": {}})
    if kind_of(trial) in _WRAPPED:
        _wrap(changed, trial, path, is_directory=is_directory)
    return changed


def kind_of(trial: Object) -> str:
    """The kind of a trial's collector."""
    collector = (trial["spec"].get("metricsCollector") or {}).get("collector") or {}
    return str(collector.get("kind", ""))


def mount_path(spec: Object) -> tuple[str, bool]:
    """Where a collector looks, and whether that is a directory; empty: nowhere."""
    kind = (spec.get("collector") or {}).get("kind")
    place = (spec.get("source") or {}).get("fileSystemPath") or {}
    if kind == "StdOut":
        return _FILE, False
    if kind == "File":
        return place.get("path", ""), False
    if kind == "TensorFlowEvent":
        return place.get("path", ""), True
    if kind == "Custom":
        return place.get("path", ""), place.get("kind") == "Directory"
    return "", False


def _collector(trial: Object, config: KatibConfig, stopping_endpoint: str) -> Object:
    spec = trial["spec"]["metricsCollector"]
    kind = kind_of(trial)
    if kind == "Custom":
        custom: Object = copy.deepcopy(spec["collector"]["customCollector"])
        return custom
    found = config.collector(kind)
    logs = kind in {"StdOut", "File"}
    return {
        "name": "metrics-logger-and-collector" if logs else "metrics-collector",
        "image": found["image"],
        "args": _arguments(trial, spec, kind, stopping_endpoint, found),
        "imagePullPolicy": found["imagePullPolicy"],
        "resources": found["resources"],
    }


def _arguments(
    trial: Object, spec: Object, kind: str, stopping_endpoint: str, found: Object
) -> list[str]:
    objective = trial["spec"]["objective"]
    metrics = [
        objective.get("objectiveMetricName", ""),
        *(objective.get("additionalMetricNames") or []),
    ]
    words = ["-t", trial["metadata"]["name"], "-m", ";".join(metrics)]
    words += ["-o-type", objective.get("type", ""), "-s-db", ENDPOINT]
    path, _ = mount_path(spec)
    if path:
        words += ["-path", path]
    source = spec.get("source") or {}
    if filters := (source.get("filter") or {}).get("metricsFormat"):
        words += ["-f", ";".join(filters)]
    if kind == "File" and source.get("fileSystemPath"):
        words += ["-format", source["fileSystemPath"].get("format", "")]
    if kind == "StdOut":
        words += ["-format", "TEXT"]
    if found.get("waitAllProcesses") is not None:
        words += ["-w", str(found["waitAllProcesses"]).lower()]
    rules = trial["spec"].get("earlyStoppingRules") or []
    for rule in rules:
        parts = rule["name"], rule["value"], rule["comparison"], str(rule.get("startStep", 0))
        words += ["-stop-rule", ";".join(parts)]
    if rules:
        words += ["-s-earlystop", stopping_endpoint]
    return words


def _wrap(pod: Object, trial: Object, path: str, *, is_directory: bool) -> None:
    """Let the primary container's command be one of a shell, that marks its end."""
    container = _primary(pod, trial)
    assert container is not None
    shell, words = ["sh", "-c"], _command(container)
    if len(words) > 1 and words[0] in {"sh", "bash"} and words[1] == "-c":
        shell, words = words[:2], words[2:]
    directory = path if is_directory else posixpath.dirname(path)
    mark = posixpath.join(directory, "$$$$.pid")
    if kind_of(trial) == "StdOut":
        words = [*words, f"1>{path} 2>&1"]
    if trial["spec"].get("earlyStoppingRules"):
        words = [*words, "||", _after_failure(directory, mark)]
    words = [*words, "&&", f"echo completed > {mark}"]
    container["command"], container["args"] = shell, [" ".join(words)]


def _after_failure(directory: str, mark: str) -> str:
    """Whether a command that has failed was stopped early, which is no failure."""
    # Kubernetes replaces no dollars inside of what looks like a variable of its own, `$(...)`.
    inside = posixpath.join(directory, "$$.pid")
    return (
        f"if test -f {mark} && [ $(head -n 1 {inside}) = early-stopped ]; "
        "then echo Training Container was Early Stopped; "
        "else echo Training Container was Failed; exit 1; fi"
    )


def _command(container: Object) -> list[str]:
    """Command and arguments. Raises InjectionError, where the image would have to say them."""
    command: Sequence[str] = container.get("command") or ()
    if not command:
        image = container.get("image", "")
        host = _registry(image)
        raise InjectionError(
            f'Failed to get container image "{image}" info from registry: '
            f'Get "https://{host}/v2/": '
            f"dial tcp: lookup {host}: no such host"
        )
    return [*command, *(container.get("args") or ())]


def _registry(image: str) -> str:
    first, separator, _ = image.partition("/")
    is_host = bool(separator) and ("." in first or ":" in first or first == "localhost")
    return first if is_host else "index.docker.io"


def _primary(pod: Object, trial: Object) -> Object | None:
    name = trial["spec"].get("primaryContainerName", "")
    return next((one for one in pod["spec"]["containers"] if one["name"] == name), None)


def _names(pod: Object) -> str:
    return f"[{' '.join(one['name'] for one in pod['spec']['containers'])}]"
