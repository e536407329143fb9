"""KF4, databases: those of pipelines, of metadata and of Katib, on their volumes."""

from __future__ import annotations

from pytest_kubeflow.platform.fault import Fault, Severity

MYSQL_VOLUME_UNWRITABLE = Fault(
    code="KF405",
    name="mysql-volume-unwritable",
    severity=Severity.BROKEN,
    title="MySQL may not write the volume that an older release has filled",
    symptom=(
        "mysql crashes after an upgrade with \"Can't create test file "
        '/var/lib/mysql/..._test.lower-test" and "Setting lower_case_table_names=2": it runs as '
        "another user than the one whom the files belong to."
    ),
    looked_at="The log of the last run of the database's container.",
    fix=(
        "Let the group of the volume be MySQL's:\n"
        "    kubectl -n kubeflow patch deployment mysql -p "
        '\'{"spec":{"template":{"spec":{"securityContext":{"fsGroup":999}}}}}\''
    ),
    source="kubeflow/community-distribution#3018",
    since="1.10",
    signs=(
        r"Can't create test file \S*lower-test",
        r"mysqld?: (cannot create directory|Can't create/write to file) '?/var/lib/mysql",
    ),
)

KATIB_DATABASE_OLD = Fault(
    code="KF406",
    name="katib-database-old",
    severity=Severity.BROKEN,
    title="A database's files were written by a release of MySQL that this one cannot read",
    symptom=(
        'katib-mysql (or mysql) crashes with "Cannot boot server version ... on data directory '
        'built by version ...", and katib-db-manager with "Ping to Katib db failed".'
    ),
    looked_at="The log of the last run of the database's container.",
    fix=(
        "Run the release that wrote the files, dump the data, and load it into an empty claim. "
        "Where the history of experiments may be lost, delete the claim:\n"
        "    kubectl -n kubeflow scale deployment katib-mysql --replicas=0\n"
        "    kubectl -n kubeflow delete persistentvolumeclaim katib-mysql"
    ),
    source="kubeflow/katib#1939, kubeflow/katib#993",
    signs=(
        r"Cannot boot server version \d+ on data directory built by version \d+",
        r"Invalid MySQL server (upgrade|downgrade): Cannot (upgrade|downgrade)",
        r"Upgrading the data dictionary from dictionary version '\d+' is not supported",
        r"Upgrade is not supported after a crash or shutdown with innodb_fast_shutdown",
    ),
)

METADATA_SCHEMA_MISSING = Fault(
    code="KF407",
    name="metadata-schema-missing",
    severity=Severity.BROKEN,
    title="ML Metadata cannot use its database",
    symptom=(
        'metadata-grpc-deployment crashes with "MLMDEnv table exists but no schema_version can be '
        'found" (its first start was cut off), or MySQL refuses its old client library: '
        "\"Plugin 'mysql_native_password' is not loaded\". Runs then fail for want of metadata."
    ),
    looked_at="The log of the last run of the container.",
    fix=(
        "Where no lineage is to be kept, drop the database and start the server again; start MySQL "
        "with mysql_native_password, which this server needs:\n"
        "    kubectl -n kubeflow exec deployment/mysql -- mysql -uroot -e 'DROP DATABASE metadb'\n"
        "    kubectl -n kubeflow rollout restart deployment metadata-grpc-deployment"
    ),
    source=(
        "kubeflow/pipelines#12086, kubeflow/pipelines#9549, kubeflow/community-distribution#2471"
    ),
    signs=(
        r"MLMDEnv table exists but no schema_version can be found",
        r"multiple schema_verion numbers registered in the MLMDEnv table",
        r"Plugin '?mysql_native_password'? is not loaded",
        r"Authentication plugin 'caching_sha2_password' cannot be loaded",
    ),
)

FAULTS = (MYSQL_VOLUME_UNWRITABLE, KATIB_DATABASE_OLD, METADATA_SCHEMA_MISSING)
