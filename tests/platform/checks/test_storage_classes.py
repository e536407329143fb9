"""What is said of storage classes and claims."""

from __future__ import annotations

from dataclasses import replace

from pytest_kubeflow.platform.checks.cluster.storage_classes import check_storage_classes
from pytest_kubeflow.platform.snapshot import Object, Snapshot
from pytest_kubeflow.platform.snapshot.kind import CLAIMS, STORAGE_CLASSES
from tests.platform.objects import a_claim
from tests.platform.snapshots import an_object, snapshot_of

_DEFAULT = {"storageclass.kubernetes.io/is-default-class": "true"}


def _class(name: str, *, default: bool = False) -> Object:
    return an_object(STORAGE_CLASSES, name, metadata={"annotations": _DEFAULT if default else {}})


def _told(*objects: Object) -> list[tuple[str, str, str]]:
    found = check_storage_classes(snapshot_of(*objects))
    return [(one.code, one.sentence, one.fix) for one in found]


def test_one_default_class_is_as_it_should_be() -> None:
    assert _told(_class("standard", default=True), _class("fast")) == []


def test_no_class_is_the_default() -> None:
    ((code, sentence, fix),) = _told(_class("standard"), _class("fast"))
    assert code == "KF401"
    assert sentence == "no storage class is the default one: there are standard, fast"
    assert fix.startswith("kubectl patch storageclass standard -p '{")


def test_several_classes_are_the_default() -> None:
    ((code, sentence, fix),) = _told(_class("a", default=True), _class("b", default=True))
    assert code == "KF402"
    assert sentence == "2 storage classes are the default one: a, b"
    assert fix.splitlines() == [
        "# all but a, which claims without a class get now",
        "kubectl annotate storageclass b storageclass.kubernetes.io/is-default-class-",
    ]


def test_classes_that_may_not_be_listed_are_no_finding() -> None:
    assert list(check_storage_classes(snapshot_of(without=[STORAGE_CLASSES]))) == []


def test_an_empty_cluster_needs_no_class() -> None:
    empty = Snapshot(objects={STORAGE_CLASSES: ()}, served=frozenset({"storageclasses"}))
    assert list(check_storage_classes(empty)) == []
    claim = a_claim("x", None)
    assert [
        one.code
        for one in check_storage_classes(
            replace(empty, objects={STORAGE_CLASSES: (), CLAIMS: (claim,)})
        )
    ] == ["KF401"]
