"""Container images: one's own, where they are taken from, and a registry for those of tests."""

from __future__ import annotations

from pytest_kubeflow.config import parsers as p
from pytest_kubeflow.config.setting import Option

OPTIONS = (
    Option(
        "image",
        "images.own",
        p.IMAGES,
        "An image of your own in which the suite images runs components, best named by digest. "
        "May be given more than once.",
        default=(),
        metavar="IMAGE",
        repeatable=True,
    ),
    Option(
        "image_imports",
        "images.imports",
        p.MODULES,
        "Python modules that each --kf-image must be able to import.",
        default=(),
        metavar="NAMES",
        repeatable=True,
    ),
    Option(
        "image_mirror",
        "images.mirrors",
        p.MIRRORS,
        "Take images from a mirror: OLD is a registry, a folder of a registry or an image, NEW is "
        "what replaces it. This applies to all images that tests and these options name, not to "
        "those that the configuration of the cluster names. May be given more than once.",
        default=(),
        metavar="OLD=NEW",
        repeatable=True,
    ),
    Option(
        "component_env",
        "images.environment",
        p.VARIABLES,
        "An environment variable for all components of pipelines, for example HTTPS_PROXY or "
        "PIP_CERT. Variables that a component sets itself are kept. Everybody who may read a run "
        "can read it: do not use it for passwords. May be given more than once.",
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
        "Components install nothing when they start: --kf-base-image and --kf-sklearn-image must "
        "have kfp and all other packages.",
        default=False,
        metavar="BOOL",
        flag=True,
    ),
    Option(
        "registry",
        "images.registry",
        p.REGISTRY,
        "A registry, or a folder of one, to which tests push images and from which the nodes of "
        "the cluster pull. The embedded cluster has one.",
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
        "A file with logins at registries, as `docker login` writes it. Without it and without a "
        "user, registries are asked without a login. Credential helpers are not used.",
        metavar="FILE",
    ),
)
