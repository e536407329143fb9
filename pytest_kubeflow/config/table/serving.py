"""Models for KServe: how they are trained, deployed and asked."""

from __future__ import annotations

from pytest_kubeflow.config import parsers as p
from pytest_kubeflow.config.setting import Option

OPTIONS = (
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
        "The package index that components install from; a second one is looked at beside the "
        "first. May be given more than once.",
        default=(),
        metavar="URL",
        repeatable=True,
    ),
)
