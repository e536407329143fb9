"""Storage, broken."""

from __future__ import annotations

from tests.platform.broken.fault import Broken, crash, pending
from tests.platform.broken.whole import a_class
from tests.platform.objects import (
    a_claim,
    a_warning,
)


def broken() -> dict[str, Broken]:
    """By code."""
    found: dict[str, Broken] = {}
    found["KF401"] = Broken(
        [a_class("standard"), a_claim("mysql-pv-claim", None)],
        "no storage class is the default one: there are standard",
    )
    found["KF402"] = Broken(
        [a_class("fast", default=True)],
        "2 storage classes are the default one: standard, fast",
    )
    found["KF403"] = Broken(
        [
            a_claim("katib-mysql", "gone"),
            a_warning(
                "PersistentVolumeClaim",
                "katib-mysql",
                "ProvisioningFailed",
                'storageclass.storage.k8s.io "gone" not found',
            ),
        ],
        "claim kubeflow/katib-mysql has no volume: there is no storage class gone (there: "
        "standard)",
    )
    found["KF404"] = pending(
        "0/2 nodes are available: 2 node(s) had volume node affinity conflict.",
        "StatefulSet kubeflow/katib-mysql cannot start: its volume (kubeflow/katib-mysql) is held "
        "by another node",
        claims=["katib-mysql"],
    )
    found["KF405"] = crash(
        "mysql",
        "[MY-010091] [Server] Can't create test file /var/lib/mysql/mysqld_tmp.lower-test\n"
        "[MY-010159] [Server] Setting lower_case_table_names=2 because file system is case",
        "Deployment kubeflow/mysql cannot write its volume, whose files belong to another user",
    )
    found["KF406"] = crash(
        "katib-mysql",
        "[MY-013171] [InnoDB] Cannot boot server version 80026 on data directory built by version "
        "80030. Downgrade is not supported",
        "Deployment kubeflow/katib-mysql cannot read its data, which another release of MySQL has "
        "written",
    )
    found["KF407"] = crash(
        "metadata-grpc-deployment",
        "Connection Aborted with error: ABORTED: In the given db, MLMDEnv table exists but no "
        "schema_version can be found.",
        "Deployment kubeflow/metadata-grpc-deployment cannot use its database metadb",
    )
    found["KF408"] = Broken(
        [a_class("standard", default=True, provisioner="rancher.io/local-path")],
        "nobody makes volumes of storage class standard: its provisioner rancher.io/local-path is "
        "missing (there is no local-path-provisioner)",
    )
    return found
