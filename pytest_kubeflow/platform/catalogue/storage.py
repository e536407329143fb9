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
    signs=(
        r"no persistent volumes available for this claim and no storage class is set",
        r"this cluster has no default storage class",  # the words of fixtures
    ),
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

CLAIM_PENDING = Fault(
    code="KF403",
    name="claim-pending",
    severity=Severity.BROKEN,
    title="A claim gets no volume",
    symptom=(
        "The claim stays Pending, and so does the pod that mounts it: databases, the object store, "
        "notebooks. Its event says ProvisioningFailed, or names a class that is not there."
    ),
    looked_at=(
        "Claims that are Pending for more than two minutes, unless their class waits for a first "
        "consumer and has no node yet; and claims whose volume is lost."
    ),
    fix=(
        "Read what the provisioner says; a claim's class cannot be changed, so make it anew where "
        "the class is wrong:\n"
        "    kubectl -n NAMESPACE describe persistentvolumeclaim NAME"
    ),
    source="kubernetes.io/docs/concepts/storage/persistent-volumes",
    signs=(r'storageclass\.storage\.k8s\.io "[^"]+" not found',),
)

VOLUME_ON_ANOTHER_NODE = Fault(
    code="KF404",
    name="volume-on-another-node",
    severity=Severity.BROKEN,
    title="A pod's volume is held by another node",
    symptom=(
        'After a restart or a drain the pod does not come back: "Multi-Attach error for volume", '
        '"volume node affinity conflict", "node(s) didn\'t match PersistentVolume\'s node '
        'affinity".'
    ),
    looked_at="The condition PodScheduled of pods, and their events FailedAttachVolume.",
    fix=(
        "Bring the node back that has the volume, or remove the pod that still uses it. A volume "
        "that several nodes are to use needs a class with ReadWriteMany:\n"
        "    kubectl uncordon NODE\n"
        "    kubectl get volumeattachments"
    ),
    source="canonical/bundle-kubeflow#515",
    signs=(
        r"Multi-Attach error for volume",
        r"volume node affinity conflict",
        r"didn't match PersistentVolume's node affinity",
    ),
)

PROVISIONER_MISSING = Fault(
    code="KF408",
    name="provisioner-missing",
    severity=Severity.BROKEN,
    title="Nobody makes the volumes of a storage class",
    symptom=(
        'Claims of the class stay Pending without an error: "Waiting for a volume to be created '
        'either by the external provisioner ... or manually".'
    ),
    looked_at=(
        "The provisioner of the default class and of claims that wait: its workload where the name "
        "is well known, else its CSIDriver and whether it has said anything."
    ),
    fix=(
        "Install the provisioner that the class names, or use another class:\n"
        "    kubectl get storageclasses,csidrivers"
    ),
    source="kubernetes.io/docs/concepts/storage/storage-classes",
    # Every claim of an external provisioner says so at first; one that gets a volume says that.
    signs=(
        r"(?i:waiting for a volume to be created,? either by (the )?external provisioner)"
        r"(?![\s\S]*(?:ProvisioningSucceeded|Successfully provisioned volume))",
    ),
)

FAULTS = (
    NO_DEFAULT_CLASS,
    SEVERAL_DEFAULT_CLASSES,
    CLAIM_PENDING,
    VOLUME_ON_ANOTHER_NODE,
    PROVISIONER_MISSING,
)
