"""Every option, environment variable and ini key, as one table: add a row, and it is everywhere.

A row's second column is where its value goes in KubeflowConfig.
"""

from __future__ import annotations

from pytest_kubeflow.config import parsers as p
from pytest_kubeflow.config.components import COMPONENTS
from pytest_kubeflow.config.setting import Option
from pytest_kubeflow.config.toleration import Toleration

ACTIONS = {
    "--kf-plan": "Print the runs that the selected tests declare, and submit nothing.",
    "--kf-preflight": "Check the cluster, print what is wrong and how to mend it, and run no test.",
}
"""Options that say what to do, not how: on the command line alone."""

OPTIONS = (
    Option(
        "host",
        "gateway.host",
        p.HOST,
        "The Kubeflow gateway, or 'local' for an embedded Kubeflow on loopback.",
        metavar="URL|local",
    ),
    Option(
        "target",
        "",
        p.TEXT,
        "A table [targets.NAME] with these settings in kubeflow-targets.toml (beside the ini file) "
        "or in FILE.",
        metavar="NAME|FILE:NAME",
    ),
    Option(
        "auth",
        "gateway.auth",
        p.choice("auto", "token", "projected", "dex", "cookie", "token-request", "anonymous"),
        "How to log in at the gateway; auto takes the first way that has what it needs.",
        default="auto",
        metavar="WAY",
    ),
    Option(
        "username",
        "gateway.username",
        p.TEXT,
        "The user who logs in through Dex; the password comes by KF_PASSWORD.",
        metavar="EMAIL",
    ),
    Option(
        "dex_connector",
        "gateway.connector",
        p.LABEL,
        "The connector of Dex that knows this user; without it, local or ldap.",
        metavar="ID",
    ),
    Option(
        "token_file",
        "gateway.token_file",
        p.FILE,
        "A file with a bearer token for the gateway; read again when it changes.",
        metavar="FILE",
    ),
    Option(
        "audience",
        "gateway.audience",
        p.TEXT,
        "The audience of the tokens that are requested from Kubernetes.",
        metavar="NAME",
    ),
    Option(
        "service_account",
        "gateway.service_account",
        p.SERVICE_ACCOUNT,
        "The service account that Kubernetes is asked to give us tokens of; without it, "
        "default-editor of the namespace to work in.",
        metavar="[NAMESPACE/]NAME",
    ),
    Option(
        "ca_cert",
        "gateway.ca_cert",
        p.FILE,
        "The certificate authority of the gateway, in PEM.",
        metavar="FILE",
    ),
    Option(
        "insecure",
        "gateway.insecure",
        p.FLAG,
        "Do not verify the gateway's certificate.",
        default=False,
        metavar="BOOL",
        flag=True,
    ),
    Option(
        "kubeconfig",
        "kubernetes.kubeconfig",
        p.FILE,
        "The kubeconfig to use; without it, what kubectl would use.",
        metavar="FILE",
    ),
    Option(
        "context",
        "kubernetes.context",
        p.TEXT,
        "The context in the kubeconfig; without it, its current one.",
        metavar="NAME",
    ),
    Option(
        "namespace",
        "kubernetes.namespace",
        p.LABEL,
        "An existing namespace to work in, which is never deleted; without it, a scratch one.",
        metavar="NAME",
    ),
    Option(
        "storage_class",
        "kubernetes.storage_class",
        p.SUBDOMAIN,
        "The storage class of volumes that are claimed; without it, the cluster's default.",
        metavar="NAME",
    ),
    Option(
        "base_image",
        "kubernetes.base_image",
        p.TEXT,
        "The image of components and helper pods; it must have python3.",
        default="python:3.11-slim",
        metavar="IMAGE",
    ),
    Option(
        "s3_endpoint",
        "s3.endpoint",
        p.ENDPOINT,
        "The object store as it is reached from here.",
        metavar="URL",
    ),
    Option("s3_region", "s3.region", p.TEXT, "The region of the object store.", metavar="NAME"),
    Option(
        "gpu_image",
        "gpu.image",
        p.TEXT,
        "The image of tasks with GPUs; with PyTorch or CuPy in it, they also compute.",
        default="nvidia/cuda:12.4.1-base-ubuntu22.04",
        metavar="IMAGE",
    ),
    Option(
        "gpu_toleration",
        "gpu.tolerations",
        p.TOLERATIONS,
        "A taint of GPU nodes that tasks with GPUs ignore; may be given more than once.",
        default=(Toleration("nvidia.com/gpu"),),
        metavar="KEY[=VALUE][:EFFECT]",
        repeatable=True,
    ),
    Option(
        "gpu_all_nodes",
        "gpu.all_nodes",
        p.FLAG,
        "Test the GPUs of each node by itself.",
        default=False,
        metavar="BOOL",
        flag=True,
    ),
    Option(
        "serving_mode",
        "serving.mode",
        p.choice("Standard", "Knative", "RawDeployment", "Serverless"),
        "The deployment mode of InferenceServices, sent to KServe as it is: 0.16 and later call "
        "them Standard and Knative, earlier ones know RawDeployment and Serverless. Without it, "
        "the cluster's default.",
        metavar="MODE",
    ),
    Option(
        "serving_ingress",
        "serving.ingress",
        p.choice("host", "path", "port-forward"),
        "The way to predictors: through the gateway by the host name that KServe gives them, or "
        "by a path, or past the gateway into a pod.",
        default="host",
        metavar="WAY",
    ),
    Option(
        "serving_s3_endpoint",
        "serving.s3_endpoint",
        p.ENDPOINT,
        "The object store as predictors reach it; without it, Kubeflow's own store.",
        metavar="URL",
    ),
    Option(
        "sklearn_image",
        "serving.image",
        p.TEXT,
        "The image of components that train and deploy models; it must have scikit-learn, joblib "
        "and kserve, and kfp where pip has no index. Without it they install what they need.",
        metavar="IMAGE",
    ),
    Option(
        "sklearn_package",
        "serving.packages",
        p.TEXT,
        "A package that components which train install, where --kf-sklearn-image is not given; "
        "may be given more than once. The release of scikit-learn should be that of the cluster's "
        "model server, such as scikit-learn~=1.5.1.",
        default=("scikit-learn", "joblib"),
        metavar="PACKAGE",
        repeatable=True,
    ),
    Option(
        "pip_index_url",
        "serving.index_urls",
        p.URL,
        "A package index that these components install from; may be given more than once.",
        default=(),
        metavar="URL",
        repeatable=True,
    ),
    Option(
        "require",
        "session.require",
        p.names(COMPONENTS, what="components"),
        "Components whose absence fails tests instead of skipping them.",
        default=(),
        metavar="NAMES",
        repeatable=True,
    ),
    Option(
        "schedule",
        "session.schedule",
        p.choice("submit-first", "sequential"),
        "When the runs that tests declare are submitted: all before the first test, or each with "
        "its own.",
        default="submit-first",
        metavar="POLICY",
    ),
    Option(
        "max_runs",
        "session.max_runs",
        p.COUNT,
        "The most declared runs that are in flight at once.",
        default=8,
        metavar="NUMBER",
    ),
    Option(
        "session_timeout",
        "session.session_timeout",
        p.DURATION,
        "The longest that all tests may take: then what still runs is terminated, and what is left "
        "fails.",
        metavar="DURATION",
    ),
    Option(
        "keep",
        "session.keep",
        p.choice("never", "on-failure", "always"),
        "Whether what was made on the cluster stays there after the tests.",
        default="never",
        metavar="WHEN",
    ),
    Option(
        "timeout",
        "session.timeout",
        p.DURATION,
        "The longest that one wait may take.",
        default=600.0,
        metavar="DURATION",
    ),
    Option(
        "local_mode",
        "local.mode",
        p.choice("multi-user", "standalone"),
        "What the embedded Kubeflow is: a platform with Profiles, or Kubeflow Pipelines alone.",
        default="multi-user",
        metavar="MODE",
    ),
    Option(
        "local_fault",
        "local.faults",
        p.names(what="names that `python -m pytest_kubeflow.local --list-faults` lists"),
        "A fault that the embedded Kubeflow has; may be given more than once.",
        default=(),
        metavar="NAME",
        repeatable=True,
    ),
    Option(
        "token",
        "gateway.token",
        p.SECRET,
        "A bearer token for the gateway.",
        hidden=True,
        secret=True,
    ),
    Option(
        "cookie",
        "gateway.cookie",
        p.SECRET,
        "The cookies of a session at the gateway, as a browser sends them: NAME=VALUE; NAME=VALUE.",
        hidden=True,
        secret=True,
    ),
    Option(
        "password",
        "gateway.password",
        p.SECRET,
        "The user's password for Dex.",
        hidden=True,
        secret=True,
    ),
    Option("password_file", "", p.FILE, "A file with that password.", metavar="FILE", hidden=True),
    Option(
        "s3_access_key",
        "s3.access_key",
        p.SECRET,
        "The access key of the object store.",
        hidden=True,
        secret=True,
    ),
    Option(
        "s3_secret_key",
        "s3.secret_key",
        p.SECRET,
        "The secret key of the object store.",
        hidden=True,
        secret=True,
    ),
)
