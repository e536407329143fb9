"""KF8: Argo Workflows' executor, what it writes down, and where it puts artifacts."""

from __future__ import annotations

from pytest_kubeflow.platform.fault import Fault, Severity

EXECUTOR_SETTING_OBSOLETE = Fault(
    code="KF801",
    name="executor-setting-obsolete",
    severity=Severity.BROKEN,
    title="Argo's configuration names an executor that it no longer has",
    symptom=(
        'workflow-controller does not start: "unknown field containerRuntimeExecutor" (Argo 3.4 '
        "and later know the emissary alone). With an older Argo and the docker executor on nodes "
        'with containerd, pods fail: "hostPath type check failed: /var/run/docker.sock is not a '
        'socket file".'
    ),
    looked_at=(
        "containerRuntimeExecutor and containerRuntimeExecutors in ConfigMap "
        "workflow-controller-configmap, Argo's version, and the nodes' container runtime."
    ),
    fix=(
        "Take the setting out, and start the controller again:\n"
        "    kubectl -n kubeflow patch configmap workflow-controller-configmap --type=json "
        '-p \'[{"op":"remove","path":"/data/containerRuntimeExecutor"}]\'\n'
        "    kubectl -n kubeflow rollout restart deployment workflow-controller"
    ),
    source="argoproj/argo-workflows:docs/upgrading.md, kubeflow/pipelines#5718",
    signs=(
        r"unknown field \"?containerRuntimeExecutors?",
        r"hostPath type check failed: /var/run/docker\.sock",
    ),
)

TASK_RESULTS_FORBIDDEN = Fault(
    code="KF802",
    name="task-results-forbidden",
    severity=Severity.BROKEN,
    title="Workflows may not write down what their tasks came to",
    symptom=(
        'Every task fails after its work is done: "workflowtaskresults.argoproj.io is forbidden: '
        'User ... cannot create resource". The workflow runs as an account without the right to '
        "create and patch them."
    ),
    looked_at=(
        "The rules of ClusterRole kubeflow-edit, which default-editor has in profiles; what "
        "containers ended with, and events."
    ),
    fix=(
        "Let workflows run as default-editor (serviceAccountName), or give the account the right:\n"
        "    kubectl -n NAMESPACE create role task-results --verb=create,patch "
        "--resource=workflowtaskresults.argoproj.io\n"
        "    kubectl -n NAMESPACE create rolebinding task-results --role=task-results "
        "--serviceaccount=NAMESPACE:ACCOUNT"
    ),
    source="argoproj/argo-workflows#15471, argoproj/argo-helm#3592",
    since="1.10",
    signs=(r"workflowtaskresults\.argoproj\.io( \"[^\"]*\")? is forbidden",),
)

ARTIFACT_KEYS_REFUSED = Fault(
    code="KF803",
    name="artifact-keys-refused",
    severity=Severity.BROKEN,
    title="Artifacts cannot be stored: the object store is elsewhere, or has other keys",
    symptom=(
        'Tasks fail when they upload: InvalidAccessKeyId, SignatureDoesNotMatch, "no such host". '
        "After the change from MinIO to SeaweedFS (26.03) old keys and old addresses are still "
        "used."
    ),
    looked_at=(
        "The Service that each ConfigMap artifact-repositories names, and its endpoints; what "
        "containers ended with, and events."
    ),
    fix=(
        "Let the profile controller write both anew, and use the keys of mlpipeline-minio-artifact "
        "in code of your own:\n"
        "    kubectl -n NAMESPACE delete configmap artifact-repositories secret/"
        "mlpipeline-minio-artifact\n"
        "    kubectl -n kubeflow rollout restart deployment/kubeflow-pipelines-profile-controller"
    ),
    source=("kubeflow/community-distribution:README.md, kubeflow/community-distribution#3472"),
    since="1.11",
    signs=(
        r"InvalidAccessKeyId(?<!An error occurred \(InvalidAccessKeyId)",  # as boto says it
        r"The Access Key Id you provided does not exist in our records",
        r"SignatureDoesNotMatch(?<!An error occurred \(SignatureDoesNotMatch)",
    ),
)

FAULTS = (EXECUTOR_SETTING_OBSOLETE, TASK_RESULTS_FORBIDDEN, ARTIFACT_KEYS_REFUSED)
