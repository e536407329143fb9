"""KF4: storage classes, claims, volumes, and databases on them."""

from __future__ import annotations

from pytest_kubeflow.platform.fault import Fault, Severity

NO_DEFAULT_CLASS = Fault(
    code="KF401",
    name="no-default-class",
    severity=Severity.BROKEN,
    title="No storage class is the default one",
    symptom=(
        "Claims that name no class stay Pending: those of Katib's MySQL, of the object store, of "
        'notebooks. Their events say "no persistent volumes available for this claim and no '
        'storage class is set".'
    ),
    looked_at="The annotation storageclass.kubernetes.io/is-default-class of all storage classes.",
    fix=(
        "Mark one class as the default one:\n"
        "    kubectl patch storageclass NAME -p "
        '\'{"metadata":{"annotations":{"storageclass.kubernetes.io/is-default-class":"true"}}}\''
    ),
    source="kubernetes.io/docs/tasks/administer-cluster/change-default-storage-class",
    signs=(r"no persistent volumes available for this claim and no storage class is set",),
)

SEVERAL_DEFAULT_CLASSES = Fault(
    code="KF402",
    name="several-default-classes",
    severity=Severity.DEGRADED,
    title="Several storage classes are the default one",
    symptom="Claims that name no class get that which was made last, which may be the wrong one.",
    looked_at="The annotation storageclass.kubernetes.io/is-default-class of all storage classes.",
    fix=(
        "Leave one of them the default one, and take the annotation from the others:\n"
        "    kubectl annotate storageclass NAME storageclass.kubernetes.io/is-default-class-"
    ),
    source="kubernetes.io/docs/concepts/storage/storage-classes",
)

FAULTS = (NO_DEFAULT_CLASS, SEVERAL_DEFAULT_CLASSES)
