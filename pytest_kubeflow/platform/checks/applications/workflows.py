"""Workflows: Argo's executor, its right to write results, and where artifacts go."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from pytest_kubeflow.platform.age import is_over
from pytest_kubeflow.platform.catalogue.workflows import (
    ARTIFACT_KEYS_REFUSED,
    EXECUTOR_SETTING_OBSOLETE,
    TASK_RESULTS_FORBIDDEN,
)
from pytest_kubeflow.platform.fault import Fault
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.installed import Installed, installed
from pytest_kubeflow.platform.place import is_ours
from pytest_kubeflow.platform.releases import minor_of
from pytest_kubeflow.platform.snapshot import Object, Snapshot
from pytest_kubeflow.platform.snapshot.fields import items, name_of, pairs, text, texts
from pytest_kubeflow.platform.snapshot.kind import (
    CLUSTER_ROLES,
    CONFIG_MAPS,
    NAMESPACES,
    NODES,
    PODS,
    SERVICES,
    WARNINGS,
)
from pytest_kubeflow.platform.workloads import Owner, Workloads, containers_of
from pytest_kubeflow.platform.workloads.owner import pod_name
from pytest_kubeflow.platform.workloads.service import behind, lacks_endpoints

_CONFIG = "workflow-controller-configmap"
_OF_STORES = frozenset({"artifact-repositories", _CONFIG})
_LATELY = timedelta(hours=1)
"""As long as events live: what ended before has no say in what is so now."""

_SETTING = re.compile(r"(?m)^\s*[\"']?(containerRuntimeExecutors?)[\"']?\s*:\s*(\S*)")
_STRICT = (3, 4)
_RESULTS = "workflowtaskresults.argoproj.io"
_ENDPOINT = re.compile(
    r'"?endpoint"?\s*:\s*"?(?:https?://)?([a-z0-9.-]+?)(?::\d+)?"?\s*(?:[,}\n]|$)'
)


def check_workflows(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether workflows can run, and write down what they came to."""
    yield from _executors(snapshot)
    yield from _role(snapshot)
    yield from _repositories(snapshot)
    yield from _ended(snapshot)


def _executors(snapshot: Snapshot) -> Iterator[Finding]:
    controllers = {
        one.owner.namespace: one
        for one in snapshot.once(installed)
        if one.part.name == "Argo Workflows"
    }
    for config in snapshot.all(CONFIG_MAPS):
        namespace = text(config, "metadata", "namespace")
        if text(config, "metadata", "name") != _CONFIG or not is_ours(snapshot, namespace):
            continue
        setting = _setting(config)
        controller = controllers.get(namespace)
        why = _objection(snapshot, controller, *setting) if setting else ""
        if setting and why:
            yield _obsolete(config, setting[0], why, controller)


def _setting(config: Object) -> tuple[str, str] | None:
    """The key that names executors, and the executor; as a key of its own, or in `config`."""
    data = pairs(config, "data")
    for key in ("containerRuntimeExecutor", "containerRuntimeExecutors"):
        if key in data:
            return key, data[key].strip()
    found = _SETTING.search(data.get("config", ""))
    return (found[1], found[2]) if found else None


def _objection(snapshot: Snapshot, controller: Installed | None, key: str, executor: str) -> str:
    version = minor_of(controller.version) if controller else None
    if version is None or version >= _STRICT:
        known = f"Argo {controller.version}" if controller and version else "Argo 3.4 and later"
        return f"{known} has no such setting and refuses all of the configuration"
    runtimes = {
        text(one, "status", "nodeInfo", "containerRuntimeVersion") for one in snapshot.all(NODES)
    }
    others = sorted(one for one in runtimes if one and not one.startswith("docker:"))
    if key == "containerRuntimeExecutor" and executor == "docker" and others:
        return f"nodes have no Docker, but {', '.join(others)}"
    return ""


def _obsolete(config: Object, key: str, why: str, controller: Installed | None) -> Finding:
    namespace = text(config, "metadata", "namespace")
    remove = f'[{{"op":"remove","path":"/data/{key}"}}]'
    fix = f"kubectl -n {namespace} patch configmap {_CONFIG} --type=json -p '{remove}'"
    if key not in pairs(config, "data"):
        fix = f"kubectl -n {namespace} edit configmap {_CONFIG}  # take {key} out of config"
    owner = (
        controller.owner if controller else Owner("Deployment", namespace, "workflow-controller")
    )
    return Finding(
        fault=EXECUTOR_SETTING_OBSOLETE,
        component="workflows",
        severity=EXECUTOR_SETTING_OBSOLETE.severity,
        sentence=f"ConfigMap {name_of(config)} sets {key}: {why}",
        fix=f"{fix}\nkubectl -n {namespace} rollout restart {owner.target}",
        objects=(f"ConfigMap {name_of(config)}", str(owner)),
    )


def _role(snapshot: Snapshot) -> Iterator[Finding]:
    role = snapshot.named(CLUSTER_ROLES, "kubeflow-edit")
    if role is None or _RESULTS not in snapshot.served:
        return
    allowed = {
        verb
        for rule in items(role, "rules")
        if {"*", "argoproj.io"} & set(texts(rule, "apiGroups"))
        and {"*", "workflowtaskresults"} & set(texts(rule, "resources"))
        for verb in texts(rule, "verbs")
    }
    lacks = [verb for verb in ("create", "patch") if not {"*", verb} & allowed]
    if lacks:
        yield Finding(
            fault=TASK_RESULTS_FORBIDDEN,
            component="workflows",
            severity=TASK_RESULTS_FORBIDDEN.severity,
            sentence=f"ClusterRole kubeflow-edit, which default-editor has in every profile, may "
            f"not {' and '.join(lacks)} {_RESULTS}",
            fix="kubectl create clusterrole task-results --verb=create,patch "
            f"--resource={_RESULTS}\n"
            "kubectl label clusterrole task-results "
            "rbac.authorization.kubeflow.org/aggregate-to-kubeflow-edit=true",
            objects=("ClusterRole kubeflow-edit",),
        )


def _repositories(snapshot: Snapshot) -> Iterator[Finding]:
    """Artifact repositories whose object store is a Service that is not there."""
    if not snapshot.saw(SERVICES):
        return
    lost: dict[tuple[str, str], list[str]] = {}
    for config in snapshot.all(CONFIG_MAPS):
        namespace = text(config, "metadata", "namespace")
        if text(config, "metadata", "name") in _OF_STORES and is_ours(snapshot, namespace):
            for host in _ENDPOINT.findall("\n".join(pairs(config, "data").values())):
                service = _service(snapshot, host, namespace)
                if service is not None:
                    lost.setdefault(service, []).append(name_of(config))
    for (namespace, name), configs in lost.items():
        if snapshot.named(SERVICES, name, namespace) is None:
            why = "which is not there"
        elif lacks_endpoints(snapshot, namespace, name):
            why = "which has no ready pod"
        else:
            continue
        more = f" and {len(configs) - 1} more" if len(configs) > 1 else ""
        yield Finding(
            fault=ARTIFACT_KEYS_REFUSED,
            component="object store",
            severity=ARTIFACT_KEYS_REFUSED.severity,
            sentence=f"artifacts cannot be stored: ConfigMap {configs[0]}{more} sends them to "
            f"Service {namespace}/{name}, {why}",
            fix=f"kubectl -n {namespace} get services,endpointslices\n"
            "kubectl -n kubeflow rollout restart deployment/kubeflow-pipelines-profile-controller",
            objects=(
                *(f"ConfigMap {one}" for one in configs),
                *map(str, behind(snapshot, namespace, name)),
            ),
        )


def _service(snapshot: Snapshot, host: str, namespace: str) -> tuple[str, str] | None:
    """The Service behind a name; None for a host outside of the cluster."""
    name, *rest = host.removesuffix(".").split(".")
    if not rest:
        return namespace, name
    if rest[1:2] == ["svc"] or (len(rest) == 1 and snapshot.named(NAMESPACES, rest[0])):
        return rest[0], name
    return None


def _ended(snapshot: Snapshot) -> Iterator[Finding]:
    """What ended containers and workflows' events say: a finding for each fault and namespace."""
    told: dict[tuple[str, str], tuple[Fault, str, str, list[str]]] = {}
    for namespace, subject, account, message in _messages(snapshot):
        for fault in (TASK_RESULTS_FORBIDDEN, ARTIFACT_KEYS_REFUSED):
            if any(re.search(sign, message) for sign in fault.signs):
                line = " ".join(message.split())[:300]
                found = told.setdefault((fault.code, namespace), (fault, account, line, []))
                found[3].append(subject)
    for (_, namespace), (fault, account, line, subjects) in told.items():
        yield _described(fault, namespace, account, line, list(dict.fromkeys(subjects)))


def _messages(snapshot: Snapshot) -> Iterator[tuple[str, str, str, str]]:
    workloads = snapshot.once(Workloads)
    for pod in snapshot.all(PODS):
        owner = workloads.owner_of(pod)
        account = text(pod, "spec", "serviceAccountName") or "default"
        for container in containers_of(pod):
            message = text(container.last, "message")
            if is_over(snapshot, container.last, _LATELY):
                continue
            if message and owner.kind in {"Workflow", "Pod"}:
                yield owner.namespace, pod_name(pod), account, message
    for event in snapshot.all(WARNINGS):
        if text(event, "involvedObject", "kind") == "Workflow":
            namespace, name = text(event, "metadata", "namespace"), "involvedObject"
            subject = f"Workflow {namespace}/{text(event, name, 'name')}"
            yield namespace, subject, "default-editor", text(event, "message")


def _described(
    fault: Fault, namespace: str, account: str, line: str, subjects: list[str]
) -> Finding:
    if fault is TASK_RESULTS_FORBIDDEN:
        sentence = f"workflows in {namespace} that run as {account} may not write {_RESULTS}"
        fix = (
            f"kubectl -n {namespace} create role task-results --verb=create,patch "
            f"--resource={_RESULTS}\n"
            f"kubectl -n {namespace} create rolebinding task-results --role=task-results "
            f"--serviceaccount={namespace}:{account}"
        )
    else:
        sentence = f"the object store refuses the keys that tasks in {namespace} use"
        fix = (
            f"kubectl -n {namespace} delete secret mlpipeline-minio-artifact\n"
            "kubectl -n kubeflow rollout restart deployment/kubeflow-pipelines-profile-controller"
        )
    return Finding(
        fault=fault,
        component="workflows" if fault is TASK_RESULTS_FORBIDDEN else "object store",
        severity=fault.severity,
        sentence=sentence,
        fix=fix,
        evidence=(line,),
        objects=tuple(subjects),
    )
