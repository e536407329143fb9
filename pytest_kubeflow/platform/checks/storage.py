"""Storage: classes, claims, and what hangs on them."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.platform.catalogue.storage import NO_DEFAULT_CLASS, SEVERAL_DEFAULT_CLASSES
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.snapshot import Object, Snapshot
from pytest_kubeflow.platform.snapshot.fields import name_of, pairs
from pytest_kubeflow.platform.snapshot.kind import STORAGE_CLASSES

_STORAGE = "storage"
_DEFAULT = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)
_ANNOTATION = f'{{"metadata":{{"annotations":{{"{_DEFAULT[0]}":"true"}}}}}}'


def check_storage(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether claims get a volume."""
    yield from _default_class(snapshot)


def _default_class(snapshot: Snapshot) -> Iterator[Finding]:
    if not snapshot.saw(STORAGE_CLASSES):
        return
    classes = snapshot.all(STORAGE_CLASSES)
    default = [name_of(one) for one in classes if _is_default(one)]
    if not default:
        there = ", ".join(map(name_of, classes))
        first = name_of(classes[0]) if classes else "NAME"
        yield Finding(
            fault=NO_DEFAULT_CLASS,
            component=_STORAGE,
            severity=NO_DEFAULT_CLASS.severity,
            sentence="no storage class is the default one: "
            + (f"there are {there}" if there else "there is none at all"),
            fix=f"kubectl patch storageclass {first} -p '{_ANNOTATION}'",
            objects=tuple(f"StorageClass {name_of(one)}" for one in classes),
        )
    elif len(default) > 1:
        others = "\n".join(
            f"kubectl annotate storageclass {name} {_DEFAULT[0]}-" for name in default[1:]
        )
        yield Finding(
            fault=SEVERAL_DEFAULT_CLASSES,
            component=_STORAGE,
            severity=SEVERAL_DEFAULT_CLASSES.severity,
            sentence=f"{len(default)} storage classes are the default one: {', '.join(default)}",
            fix=others,
            objects=tuple(f"StorageClass {name}" for name in default),
        )


def _is_default(storage_class: Object) -> bool:
    annotations = pairs(storage_class, "metadata", "annotations")
    return any(annotations.get(key) == "true" for key in _DEFAULT)
