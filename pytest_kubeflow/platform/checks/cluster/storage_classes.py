"""Storage classes: exactly one is for the claims that name none."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.k8s import storage
from pytest_kubeflow.platform.catalogue.storage import NO_DEFAULT_CLASS, SEVERAL_DEFAULT_CLASSES
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.place import has_kubeflow
from pytest_kubeflow.platform.snapshot import Object, Snapshot
from pytest_kubeflow.platform.snapshot.fields import mapping, name_of, pairs, text
from pytest_kubeflow.platform.snapshot.kind import CLAIMS, STORAGE_CLASSES

_STORAGE = "storage"
_ANNOTATION = f'{{"metadata":{{"annotations":{{"{storage.DEFAULT}":"true"}}}}}}'


def check_storage_classes(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether claims that name no class get the volume that is meant."""
    if not snapshot.saw(STORAGE_CLASSES):
        return
    classes = snapshot.all(STORAGE_CLASSES)
    default = [one for one in classes if is_default(one)]
    if len(default) > 1:
        yield _several(default)
    waiting = tuple(f"PersistentVolumeClaim {name_of(one)}" for one in classless(snapshot))
    if not default and (classes or waiting or has_kubeflow(snapshot)):
        yield _none([name_of(one) for one in classes], waiting)


def is_default(storage_class: Object) -> bool:
    """Whether a class is for claims that name none."""
    return storage.is_default(pairs(storage_class, "metadata", "annotations"))


def classless(snapshot: Snapshot) -> Iterator[Object]:
    """The claims that wait for a default class."""
    for claim in snapshot.all(CLAIMS):
        named = "storageClassName" in mapping(claim, "spec")
        if not named and text(claim, "status", "phase") == "Pending":
            yield claim


def _none(classes: list[str], waiting: tuple[str, ...]) -> Finding:
    there = f"there are {', '.join(classes)}" if classes else "there is none at all"
    fix = f"kubectl patch storageclass {classes[0] if classes else 'NAME'} -p '{_ANNOTATION}'"
    return Finding(
        fault=NO_DEFAULT_CLASS,
        component=_STORAGE,
        severity=NO_DEFAULT_CLASS.severity,
        sentence=f"no storage class is the default one: {there}",
        fix=fix,
        evidence=(f"{len(waiting)} claims wait for one",) if waiting else (),
        objects=(*(f"StorageClass {name}" for name in classes), *waiting),
    )


def _several(default: list[Object]) -> Finding:
    # Kubernetes takes the newest one, of several the first by name: that one is kept.
    by_age = sorted(sorted(default, key=name_of), key=_made, reverse=True)
    names = [name_of(one) for one in default]
    return Finding(
        fault=SEVERAL_DEFAULT_CLASSES,
        component=_STORAGE,
        severity=SEVERAL_DEFAULT_CLASSES.severity,
        sentence=f"{len(default)} storage classes are the default one: {', '.join(names)}",
        fix=f"# all but {name_of(by_age[0])}, which claims without a class get now\n"
        + "\n".join(
            f"kubectl annotate storageclass {name_of(one)} {' '.join(_marks(one))}"
            for one in by_age[1:]
        ),
        objects=tuple(f"StorageClass {name}" for name in names),
    )


def _made(storage_class: Object) -> str:
    return text(storage_class, "metadata", "creationTimestamp")


def _marks(storage_class: Object) -> list[str]:
    """What kubectl is told to take away, so that a class is no default one."""
    given = pairs(storage_class, "metadata", "annotations")
    return [f"{key}-" for key in storage.DEFAULTS if given.get(key) == "true"]
