"""Storage classes, claims that are not bound, and databases that do not start."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import (
    DEPLOYMENTS,
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
    PODS,
    STORAGE_CLASSES,
)
from pytest_kubeflow.local.platform.components.katib import KATIB_DB_MANAGER
from pytest_kubeflow.local.platform.components.pipelines import METADATA
from pytest_kubeflow.local.platform.faults.edits import Backdate, Change, Edit, Make
from pytest_kubeflow.local.platform.faults.fault import PlatformFault
from pytest_kubeflow.local.platform.faults.programs import container, crashing, saying
from pytest_kubeflow.local.platform.images import PROXY_IMAGE

_DEFAULT = "storageclass.kubernetes.io/is-default-class"
_PROFILE = "kubeflow-user-example-com"
_MYSQL_IMAGE, _KATIB_MYSQL_IMAGE = "mysql:8.4", "mysql:8.0.29"
_POD_CONTEXT: Object = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
_UNWRITABLE = (
    "2026-11-29T12:00:00.000000Z 0 [ERROR] [MY-010187] [Server] Can't create test file "
    "/var/lib/mysql/mysqld_tmp_file_case_insensitive_test.lower-test "
    "(lower_case_table_names=2)"
)
_OLD_DATA = (
    "2026-11-29T12:00:00.000000Z 1 [ERROR] [MY-013171] [InnoDB] Cannot boot server version 80029 "
    "on data directory built by version 50744. Downgrade is not supported"
)
_NO_DATABASE = (
    "E1129 12:00:00.000000       1 connection.go:40] Ping to Katib db failed: dial tcp "
    "10.96.77.1:3306: connect: connection refused"
)
_NO_SCHEMA = (
    "F metadata_store_server_main.cc:554] Non-OK-status: status status: Aborted: There are a "
    "subset of tables in MLMD instance. This may be due to concurrent connection to the empty "
    "database. MLMDEnv table exists but no schema_version can be found"
)


def _claim(name: str, namespace: str, **spec: object) -> Edit:
    return Make(
        PERSISTENT_VOLUME_CLAIMS,
        {
            "metadata": {"name": name, "namespace": namespace},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Gi"}},
                **spec,
            },
        },
    )


def _pending(name: str, namespace: str) -> Edit:
    return Backdate(PERSISTENT_VOLUME_CLAIMS, namespace, None, 900, name=name)


def _class(name: str, **fields: object) -> Edit:
    annotations = {_DEFAULT: "true"} if fields.pop("default", False) else {}
    return Make(STORAGE_CLASSES, {"metadata": {"name": name, "annotations": annotations}, **fields})


def _not_default(name: str) -> Edit:
    patch = {"metadata": {"annotations": {_DEFAULT: "false"}}}
    return Change(STORAGE_CLASSES, name, patch)


def database(name: str, image: str, script: str) -> Edit:
    """A Deployment of a database, whose container runs this script."""
    labels = {"app": name}
    spec = {
        "automountServiceAccountToken": False,
        "securityContext": _POD_CONTEXT,
        "containers": [container(name, image, script)],
    }
    deployment = {
        "metadata": {"name": name, "namespace": "kubeflow", "labels": labels},
        "spec": {
            "replicas": 1,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }
    return Make(DEPLOYMENTS, deployment)


def _elsewhere() -> Sequence[Edit]:
    """A notebook's volume is bound to a node that there is no longer."""
    name, volume = "notebook-volume", "pvc-of-another-node"
    reference = {"name": name, "namespace": _PROFILE}
    expression = {"key": "kubernetes.io/hostname", "operator": "In", "values": ["node-gone"]}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    pod = {
        "metadata": {
            "name": "notebook-0",
            "namespace": _PROFILE,
            "labels": {"notebook-name": "notebook", "statefulset": "notebook"},
        },
        "spec": {
            "automountServiceAccountToken": False,
            "containers": [
                {
                    **container("notebook", PROXY_IMAGE, "sleep infinity"),
                    "volumeMounts": [{"name": "home", "mountPath": "/home/jovyan"}],
                }
            ],
            "volumes": [{"name": "home", "persistentVolumeClaim": {"claimName": name}}],
        },
    }
    return [
        Make(
            PERSISTENT_VOLUMES,
            {
                "metadata": {"name": volume},
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "capacity": {"storage": "1Gi"},
                    "storageClassName": "standard",
                    "claimRef": reference,
                    "local": {"path": "/mnt/disks/one"},
                    "nodeAffinity": {"required": terms},
                },
            },
        ),
        _claim(name, _PROFILE, storageClassName="standard", volumeName=volume),
        Make(PODS, pod),
        Backdate(PODS, _PROFILE, None, 900, name="notebook-0"),
    ]


FAULTS = {
    "no-default-class": PlatformFault(
        lambda: [
            _not_default("standard"),
            _claim("katib-mysql", "kubeflow"),
            _pending("katib-mysql", "kubeflow"),
        ]
    ),
    "several-default-classes": PlatformFault(
        lambda: [
            _class(
                "local-path",
                default=True,
                provisioner="kubeflow.local/path",
                volumeBindingMode="WaitForFirstConsumer",
            )
        ]
    ),
    "volume-on-another-node": PlatformFault(_elsewhere),
    "mysql-volume-unwritable": PlatformFault(
        lambda: [database("mysql", _MYSQL_IMAGE, saying(_UNWRITABLE))], (_MYSQL_IMAGE,)
    ),
    "katib-database-old": PlatformFault(
        lambda: [
            database("katib-mysql", _KATIB_MYSQL_IMAGE, saying(_OLD_DATA)),
            crashing(KATIB_DB_MANAGER, _NO_DATABASE),
        ],
        (_KATIB_MYSQL_IMAGE,),
    ),
    "metadata-schema-missing": PlatformFault(lambda: [crashing(METADATA, _NO_SCHEMA, 139)]),
    "provisioner-missing": PlatformFault(
        lambda: [
            _class(
                "fast",
                provisioner="rancher.io/local-path",
                volumeBindingMode="Immediate",
            ),
            _claim("data", _PROFILE, storageClassName="fast"),
            _pending("data", _PROFILE),
        ]
    ),
}
