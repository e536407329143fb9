"""Models for KServe: how they are trained, deployed and asked."""

from __future__ import annotations

from pytest_kubeflow.config import parsers as p
from pytest_kubeflow.config.setting import Option

OPTIONS = (
    Option(
        "serving_mode",
        "serving.mode",
        p.choice("Standard", "Knative", "RawDeployment", "Serverless"),
        "The deployment mode of InferenceServices, sent to KServe unchanged. KServe 0.16 and "
        "later call the modes Standard and Knative, earlier releases RawDeployment and "
        "Serverless. Default: that of the cluster.",
        metavar="MODE",
    ),
    Option(
        "serving_ingress",
        "serving.ingress",
        p.choice("host", "path", "port-forward"),
        "How predictors are reached: through the gateway by the host name that KServe assigns, "
        "through the gateway by path, or by a port-forward to a pod.",
        default="host",
        metavar="WAY",
    ),
    Option(
        "serving_s3_endpoint",
        "serving.s3_endpoint",
        p.ENDPOINT,
        "The URL of the object store, as predictors reach it. Default: Kubeflow's own store.",
        metavar="URL",
    ),
    Option(
        "sklearn_image",
        "serving.image",
        p.TEXT,
        "The image of components that train and deploy models. It must have scikit-learn, joblib "
        "and kserve, and kfp where there is no package index. Without it, the components install "
        "these packages.",
        metavar="IMAGE",
    ),
    Option(
        "sklearn_package",
        "serving.packages",
        p.TEXT,
        "A package that training components install if --kf-sklearn-image is not given. May be "
        "given more than once. The release of scikit-learn should be that of the cluster's model "
        "server, for example scikit-learn~=1.5.1.",
        default=("scikit-learn", "joblib"),
        metavar="PACKAGE",
        repeatable=True,
    ),
    Option(
        "pip_index_url",
        "serving.index_urls",
        p.URL,
        "The package index that components install from; the second and later ones are extra "
        "indexes. May be given more than once.",
        default=(),
        metavar="URL",
        repeatable=True,
    ),
)
