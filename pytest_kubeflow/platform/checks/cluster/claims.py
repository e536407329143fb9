"""Claims: those that wait for a volume, and the provisioners that should make it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pytest_kubeflow.platform.age import is_young
from pytest_kubeflow.platform.catalogue.storage import CLAIM_PENDING, PROVISIONER_MISSING
from pytest_kubeflow.platform.checks.cluster.storage_classes import is_default
from pytest_kubeflow.platform.component import component_of
from pytest_kubeflow.platform.fault import Severity
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.place import PLATFORM, severity_at
from pytest_kubeflow.platform.snapshot import Object, Snapshot
from pytest_kubeflow.platform.snapshot.fields import mapping, name_of, pairs, text
from pytest_kubeflow.platform.snapshot.kind import (
    CLAIMS,
    CSI_DRIVERS,
    DAEMON_SETS,
    DEPLOYMENTS,
    PODS,
    STATEFUL_SETS,
    STORAGE_CLASSES,
)
from pytest_kubeflow.platform.workloads import Warnings, Workloads
from pytest_kubeflow.platform.workloads.container import claims_of

_NODE = "volume.kubernetes.io/selected-node"
_PROVISIONERS = {
    "docker.io/hostpath": "storage-provisioner",
    "k8s.io/minikube-hostpath": "storage-provisioner",
    "microk8s.io/hostpath": "hostpath-provisioner",
    "rancher.io/local-path": "local-path-provisioner",
}
"""Names of the workloads or pods behind provisioners that are no CSI drivers."""

_BY_HAND = "kubernetes.io/no-provisioner"
_UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SAID = ("ProvisioningFailed", "FailedBinding")


@dataclass(frozen=True, slots=True)
class _Claim:
    claim: Object
    storage_class: Object | None
    """Its class, if that is there."""

    messages: tuple[str, ...]

    @property
    def name(self) -> str:
        return name_of(self.claim)

    @property
    def wanted(self) -> str:
        """The name of the class that it asks for."""
        return text(self.claim, "spec", "storageClassName")

    @property
    def likeness(self) -> tuple[str, ...]:
        """What claims have in common that wait for the same thing."""
        namespace, _, name = self.name.partition("/")
        if self.lost or namespace in PLATFORM:
            return (self.name,)
        said = _UID.sub("", " ".join(self.messages[:1])).replace(name, "")
        return self.wanted, "named" if self.names_class else "", said

    @property
    def names_class(self) -> bool:
        """Whether it says of which class it is, if only "": otherwise it is the default one's."""
        return "storageClassName" in mapping(self.claim, "spec")

    @property
    def lost(self) -> bool:
        """Whether it had a volume that is gone."""
        return text(self.claim, "status", "phase") == "Lost"

    @property
    def waits_for_pod(self) -> bool:
        """Whether there is nothing to do yet for its provisioner."""
        mode = text(self.storage_class, "volumeBindingMode")
        chosen = _NODE in pairs(self.claim, "metadata", "annotations")
        return mode == "WaitForFirstConsumer" and not chosen and not self.messages


def check_claims(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether claims have a volume."""
    waiting = list(_waiting(snapshot))
    missing = dict(_missing(snapshot, [one for one in waiting if not one.lost]))
    for provisioner, why in missing.items():
        yield _provisioner(snapshot, provisioner, why, waiting)
    users = _users(snapshot)
    alike: dict[tuple[str, ...], list[_Claim]] = {}
    for one in waiting:
        if one.lost or text(one.storage_class, "provisioner") not in missing:
            alike.setdefault(one.likeness, []).append(one)
    for claims in alike.values():
        yield from _pending(snapshot, claims, users)


def _waiting(snapshot: Snapshot) -> Iterator[_Claim]:
    warnings = snapshot.once(Warnings)
    default = next((one for one in snapshot.all(STORAGE_CLASSES) if is_default(one)), None)
    for claim in snapshot.all(CLAIMS):
        namespace, name = text(claim, "metadata", "namespace"), text(claim, "metadata", "name")
        phase = text(claim, "status", "phase")
        if phase not in {"Pending", "Lost"} or text(claim, "metadata", "deletionTimestamp"):
            continue
        if phase == "Pending" and is_young(snapshot, claim):
            continue
        wanted = text(claim, "spec", "storageClassName")
        named = "storageClassName" in mapping(claim, "spec")
        found = snapshot.named(STORAGE_CLASSES, wanted) if named else default
        said = warnings.about("PersistentVolumeClaim", namespace, name, *_SAID)
        one = _Claim(claim, found, tuple(said))
        if phase == "Lost" or not one.waits_for_pod:
            yield one


def _pending(
    snapshot: Snapshot, claims: list[_Claim], users: Mapping[str, tuple[str, ...]]
) -> Iterator[Finding]:
    """One finding of claims that are alike, of which the first speaks for all."""
    known: dict[Severity, list[_Claim]] = {}
    for one in claims:
        severity = severity_at(CLAIM_PENDING, snapshot, *one.name.split("/", 1))
        if severity is not None:
            known.setdefault(severity, []).append(one)
    for severity, (first, *others) in known.items():
        namespace, _, name = first.name.partition("/")
        message = (
            f"claim {first.name} has"
            if not others
            else (f"{len(others) + 1} claims, {first.name} the first of them, have")
        )
        yield Finding(
            fault=CLAIM_PENDING,
            component=component_of(namespace, name) if namespace in PLATFORM else "storage",
            severity=severity,
            sentence=f"{message} no volume: {_why(snapshot, first)}",
            fix=f"kubectl -n {namespace} describe persistentvolumeclaim {name}",
            evidence=first.messages[:3],
            objects=(
                *(f"PersistentVolumeClaim {one.name}" for one in (first, *others)),
                *(user for one in (first, *others) for user in users.get(one.name, ())),
            ),
        )


def _why(snapshot: Snapshot, one: _Claim) -> str:
    if one.lost:
        return f"its volume {text(one.claim, 'spec', 'volumeName')} is gone"
    if one.storage_class is None and one.wanted and snapshot.saw(STORAGE_CLASSES):
        there = ", ".join(map(name_of, snapshot.all(STORAGE_CLASSES))) or "none"
        return f"there is no storage class {one.wanted} (there: {there})"
    if one.names_class and not one.wanted:
        return "it asks for a volume that is made by hand (an empty storage class)"
    if one.messages:
        return one.messages[0]
    if one.storage_class is None:
        return f"its class {one.wanted or '(the default one)'} was not seen"
    provisioner = text(one.storage_class, "provisioner")
    if provisioner == _BY_HAND:
        return f"volumes of class {name_of(one.storage_class)} are made by hand, and none fits"
    return f"the provisioner {provisioner} has not made one, and says nothing"


def _missing(snapshot: Snapshot, waiting: list[_Claim]) -> Iterator[tuple[str, str]]:
    """The provisioners that are not there, with the reason for thinking so."""
    wanted = {text(one.storage_class, "provisioner") for one in waiting if not one.messages}
    usual = {text(one, "provisioner") for one in snapshot.all(STORAGE_CLASSES) if is_default(one)}
    for provisioner in sorted((wanted | usual) - {"", _BY_HAND}):
        workload = _PROVISIONERS.get(provisioner)
        if workload is not None:
            if _saw_workloads(snapshot) and not _has(snapshot, workload):
                yield provisioner, f"there is no {workload}"
        elif (
            provisioner in wanted
            and ".csi." in f".{provisioner}."
            and snapshot.saw(CSI_DRIVERS)
            and snapshot.named(CSI_DRIVERS, provisioner) is None
        ):
            yield provisioner, "there is no CSIDriver of its name"


def _saw_workloads(snapshot: Snapshot) -> bool:
    return all(snapshot.saw(one) for one in (DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, PODS))


def _has(snapshot: Snapshot, workload: str) -> bool:
    kinds = (DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, PODS)
    return any(
        workload in text(one, "metadata", "name") for kind in kinds for one in snapshot.all(kind)
    )


def _provisioner(snapshot: Snapshot, provisioner: str, why: str, waiting: list[_Claim]) -> Finding:
    classes = [
        name_of(one)
        for one in snapshot.all(STORAGE_CLASSES)
        if text(one, "provisioner") == provisioner
    ]
    claims = [one.name for one in waiting if text(one.storage_class, "provisioner") == provisioner]
    return Finding(
        fault=PROVISIONER_MISSING,
        component="storage",
        severity=Severity.BROKEN,
        sentence=f"nobody makes volumes of storage class {', '.join(classes)}: its provisioner "
        f"{provisioner} is missing ({why})",
        fix="kubectl get storageclasses,csidrivers  # install the provisioner, or make another "
        "class the default one",
        evidence=(f"claims that wait: {', '.join(claims)}",) if claims else (),
        objects=(
            *(f"StorageClass {name}" for name in classes),
            *(f"PersistentVolumeClaim {name}" for name in claims),
        ),
    )


def _users(snapshot: Snapshot) -> dict[str, tuple[str, ...]]:
    """The workloads that mount a claim, by its name."""
    found: dict[str, tuple[str, ...]] = {}
    for owner, pods in snapshot.once(Workloads).pods.items():
        for claim in {name for pod in pods for name in claims_of(pod)}:
            key = f"{owner.namespace}/{claim}"
            found[key] = (*found.get(key, ()), str(owner))
    return found
