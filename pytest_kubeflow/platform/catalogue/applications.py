"""KF9: web apps, notebooks, the dashboard's menu, models."""

from __future__ import annotations

from pytest_kubeflow.platform.fault import Fault, Severity

CSRF_COOKIE_SECURE = Fault(
    code="KF901",
    name="csrf-cookie-secure",
    severity=Severity.BROKEN,
    title="Web apps set a cookie that browsers do not send back over plain http",
    symptom=(
        "At an address with http:// that is not localhost, nothing can be made or deleted in the "
        'pages of notebooks, volumes and TensorBoards: 403 "Could not find CSRF cookie XSRF-TOKEN '
        'in the request."'
    ),
    looked_at="The header Set-Cookie of /jupyter/ and /volumes/, and the scheme of --kf-host.",
    fix=(
        "Publish the gateway with https, or take the mark off the cookies of all web apps:\n"
        "    kubectl -n kubeflow set env deployment/jupyter-web-app-deployment "
        "deployment/volumes-web-app-deployment deployment/tensorboards-web-app-deployment "
        "APP_SECURE_COOKIES=false"
    ),
    source="kubeflow/kubeflow#5803, kubeflow/manifests#2569, kubeflow/notebooks#309",
    signs=(r"Could not find CSRF cookie XSRF-TOKEN",),
)

NOTEBOOK_NOT_LISTENING = Fault(
    code="KF902",
    name="notebook-not-listening",
    severity=Severity.BROKEN,
    title="A notebook's pod is ready, and nothing listens in it",
    symptom=(
        "The notebook's page answers 503: upstream connect error or disconnect/reset before "
        "headers ... delayed connect error: 111; or: no healthy upstream. It has a custom image."
    ),
    looked_at=(
        "What the gateway answers at /notebook/NAMESPACE/NAME/, and whether port 8888 of the pod "
        "answers, where the pod is ready."
    ),
    fix=(
        "The image must start its server on 0.0.0.0:8888 with the base URL $NB_PREFIX, such as:\n"
        "    jupyter lab --ip=0.0.0.0 --port=8888 --ServerApp.base_url=${NB_PREFIX} "
        "--ServerApp.token= --ServerApp.allow_origin='*'"
    ),
    source="kubeflow/kubeflow#7442, #5211; kubeflow/manifests#2467",
)

NOTEBOOK_HOME_NOT_KEPT = Fault(
    code="KF903",
    name="notebook-home-not-kept",
    severity=Severity.NOTICE,
    title="A notebook's home directory is not on a volume",
    symptom="What was saved in the notebook is gone after it was stopped and started.",
    looked_at="Whether a claim is mounted at the home directory of the container, or above it.",
    fix=(
        "Mount the claim at /home/jovyan, the default of the form. What is there now has to be "
        "copied before the notebook is stopped:\n"
        "    kubectl -n NAMESPACE cp NAME-0:/home/jovyan ./NAME"
    ),
    source="kubeflow.org/docs/components/notebooks/quickstart-guide",
)

MENU_LINK_WRONG = Fault(
    code="KF904",
    name="menu-link-wrong",
    severity=Severity.BROKEN,
    title="A link of the dashboard's menu does not lead to its app",
    symptom=(
        "A tab of the dashboard is missing or empty, shows the dashboard once more, or an error "
        "such as upstream connect error."
    ),
    looked_at=(
        "What the gateway answers at the menuLinks of ConfigMap dashboard-config (before 26.03.1: "
        "centraldashboard-config): 200, a page, and not that of the dashboard."
    ),
    fix=(
        "Install the component again, with its VirtualService, or take the link out of the menu:\n"
        "    kubectl get virtualservices -A\n"
        "    kubectl -n kubeflow edit configmap dashboard-config"
    ),
    source="kubeflow/dashboard components/centraldashboard",
)

DEPLOYMENT_MODE_OLD = Fault(
    code="KF905",
    name="deployment-mode-old",
    severity=Severity.DEGRADED,
    title="An InferenceService has the old name of a deployment mode",
    symptom=(
        "Since KServe 0.16 it can neither be changed nor deleted: admission webhook "
        '"inferenceservice.kserve-webhook-server.validator" denied the request: update rejected: '
        "deploymentMode cannot be changed from 'Knative' to 'Serverless'."
    ),
    looked_at=(
        "The annotation serving.kserve.io/deploymentMode of InferenceServices against their "
        "status.deploymentMode, and the release of kserve-controller-manager."
    ),
    fix=(
        "Write the new name (Standard for RawDeployment, Knative for Serverless):\n"
        "    kubectl -n NAMESPACE annotate --overwrite inferenceservice NAME "
        "serving.kserve.io/deploymentMode=Standard"
    ),
    source="kserve/kserve#4798, #5885",
    since="26.03",
    signs=(r"deploymentMode cannot be changed from '\w+' to '(Serverless|RawDeployment)'",),
)

APPLICATION_NOT_ANSWERING = Fault(
    code="KF906",
    name="application-not-answering",
    severity=Severity.BROKEN,
    title="The dashboard or the pipelines API fails behind the gateway",
    symptom=(
        "The page answers 500, 502, 503 or 504, in Envoy's words such as: no healthy upstream; "
        "upstream connect error or disconnect/reset before headers."
    ),
    looked_at="What the gateway answers at / and at /pipeline/apis/v2beta1/healthz.",
    fix=(
        "See whether its pods are ready, and what they log:\n"
        "    kubectl -n kubeflow get pods\n"
        "    kubectl -n kubeflow logs deployment/ml-pipeline"
    ),
    source="envoyproxy.io/docs, Response flags",
)

FAULTS = (
    CSRF_COOKIE_SECURE,
    NOTEBOOK_NOT_LISTENING,
    NOTEBOOK_HOME_NOT_KEPT,
    MENU_LINK_WRONG,
    DEPLOYMENT_MODE_OLD,
    APPLICATION_NOT_ANSWERING,
)
