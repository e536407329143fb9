"""KF71x: releases that do not go together, and what upgrades leave behind."""

from __future__ import annotations

from pytest_kubeflow.platform.fault import Fault, Severity

VERSIONS_MIXED = Fault(
    code="KF711",
    name="versions-mixed",
    severity=Severity.DEGRADED,
    title="Parts of Kubeflow are of different releases",
    symptom=(
        "An upgrade went halfway: a component was refused (an immutable field), forgotten, or "
        "pinned. Parts that were never tested together call each other."
    ),
    looked_at="The image tags of controllers against the table of releases.",
    fix=(
        "Apply the manifests of the release for that component again; a Deployment whose selector "
        "has changed must be deleted first:\n"
        "    kubectl -n NAMESPACE delete deployment NAME --ignore-not-found\n"
        "    kustomize build applications/COMPONENT | kubectl apply --server-side -f -"
    ),
    source="kubeflow/community-distribution:README.md",
)

UPGRADE_LEFTOVER = Fault(
    code="KF712",
    name="upgrade-leftover",
    severity=Severity.DEGRADED,
    title="A component runs twice: the upgrade has left its old Deployment",
    symptom=(
        "26.03.1 calls the dashboard and the PodDefaults webhook by new names, 26.03 replaces "
        "MinIO with SeaweedFS. kubectl apply does not remove the old ones, which go on working on "
        "the same objects."
    ),
    looked_at="Deployments of a component's old and new name, side by side.",
    fix=(
        "Remove the old one, as the release's upgrade notes say (of MinIO only when its data has "
        "been copied):\n"
        "    kubectl -n kubeflow delete deployment,service NAME"
    ),
    source="kubeflow/community-distribution:README.md (Version-Specific Upgrade Notes)",
    since="26.03",
)

MPIJOBS_TWO_OWNERS = Fault(
    code="KF716",
    name="mpijobs-two-owners",
    severity=Severity.BROKEN,
    title="The MPI operator and the Training Operator both own MPIJobs",
    symptom=(
        'One of them crashes with "no matches for kind MPIJob in version kubeflow.org/v1" (or '
        "v2beta1): they want different versions of one CustomResourceDefinition."
    ),
    looked_at="Both operators, and the versions that mpijobs.kubeflow.org serves.",
    fix=(
        "Leave the CRD to one of them: keep the Training Operator off MPIJobs, and apply the MPI "
        "operator's manifest again:\n"
        "    kubectl -n kubeflow set env deployment/training-operator --list\n"
        "    # args of the Training Operator: --enable-scheme=pytorchjob --enable-scheme=tfjob ..."
    ),
    source="StatCan/aaw#2023",
    signs=(r'no matches for kind "?MPIJob"? in version',),
)

FAULTS = (VERSIONS_MIXED, UPGRADE_LEFTOVER, MPIJOBS_TWO_OWNERS)
