"""Container images: one's own, where they are taken from, and a registry for those of tests."""

from __future__ import annotations

from pytest_kubeflow.config import parsers as p
from pytest_kubeflow.config.setting import Option

OPTIONS = (
    Option(
        "image",
        "images.own",
        p.IMAGES,
        "An image of your own that the suite of images runs components in, best by its digest; may "
        "be given more than once.",
        default=(),
        metavar="IMAGE",
        repeatable=True,
    ),
    Option(
        "image_imports",
        "images.imports",
        p.MODULES,
        "Python modules that each --kf-image has to have.",
        default=(),
        metavar="NAMES",
        repeatable=True,
    ),
    Option(
        "image_mirror",
        "images.mirrors",
        p.MIRRORS,
        "Where images are taken from instead: a registry, a folder of one or an image, and what "
        "stands for it. It is applied to all images that tests and these options name; those that "
        "the cluster's own configuration names stay as they are. May be given more than once.",
        default=(),
        metavar="OLD=NEW",
        repeatable=True,
    ),
    Option(
        "component_env",
        "images.environment",
        p.VARIABLES,
        "A variable of the environment of all components of pipelines, such as HTTPS_PROXY or "
        "PIP_CERT; what a component sets itself stays. Everybody who may see a run sees it: no "
        "place for a password. May be given more than once.",
        default=(),
        metavar="NAME=VALUE",
        repeatable=True,
    ),
    Option(
        "component_ca",
        "images.authority",
        p.SUBDOMAIN,
        "A ConfigMap of the namespace with certificates (key ca.crt) that all components of "
        "pipelines trust, in place of those of their images: mounted, and named by SSL_CERT_FILE, "
        "REQUESTS_CA_BUNDLE, PIP_CERT, CURL_CA_BUNDLE and AWS_CA_BUNDLE.",
        metavar="CONFIGMAP",
    ),
    Option(
        "offline",
        "images.offline",
        p.FLAG,
        "Components install nothing when they start: --kf-base-image and --kf-sklearn-image have "
        "kfp, and what else they need.",
        default=False,
        metavar="BOOL",
        flag=True,
    ),
    Option(
        "registry",
        "images.registry",
        p.REGISTRY,
        "A registry that tests may push images to, from which the cluster's nodes pull, or a "
        "folder of it. The embedded cluster has one.",
        metavar="HOST[/FOLDER]",
    ),
    Option(
        "registry_username",
        "images.username",
        p.TEXT,
        "The user of that registry.",
        metavar="NAME",
    ),
    Option(
        "registry_password",
        "images.password",
        p.SECRET,
        "The password of that user, or a token.",
        hidden=True,
        secret=True,
    ),
    Option(
        "registry_auth_file",
        "images.auth_file",
        p.FILE,
        "A file as docker login writes it, with logins at registries; without it and a user, "
        "nobody is named there. No credential helper is asked.",
        metavar="FILE",
    ),
)
