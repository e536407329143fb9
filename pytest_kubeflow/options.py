"""Every option, environment variable and ini key, as one table, and their way into pytest."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_kubeflow.config import (
    COMPONENTS,
    KubeflowConfig,
    Option,
    Sources,
    Toleration,
    resolve,
)
from pytest_kubeflow.config import parsers as p
from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.redaction import Redactor

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
        p.choice("auto", "token", "dex", "token-request", "anonymous"),
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

MARKERS = (
    "kf_pipeline(pipeline, *, arguments=None, **options): the pipeline whose run the test gets "
    "as `pipeline_run`.",
    "kf_requires(*components): skip the test where the cluster lacks one of these, such as "
    '"katib"; with --kf-require=katib it fails instead.',
)

_config_key = pytest.StashKey[KubeflowConfig]()
_redactor_key = pytest.StashKey[Redactor]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the table's options and ini keys. Values stay texts: `load` judges them, not argparse."""
    group = parser.getgroup("kubeflow", "Kubeflow: which cluster, and how to use it")
    for row in OPTIONS:
        if row.option is None or row.ini is None:
            continue
        told = row.help.replace("%", "%%")
        if row.default not in (None, (), False):
            told += f" Default: {_text(row.default)}."
        if row.flag:
            group.addoption(row.option, dest=row.ini, action="store_const", const="true", help=told)
        else:
            action = "append" if row.repeatable else "store"
            group.addoption(row.option, dest=row.ini, action=action, metavar=row.metavar, help=told)
        parser.addini(row.ini, f"{row.help} (also {row.env})", default=None)


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers. The configuration is not read here: --help works with a broken one."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


def load(config: pytest.Config) -> KubeflowConfig:
    """The resolved configuration of this session. Raises pytest.UsageError, of one line."""
    resolved = config.stash.get(_config_key, None)
    if resolved is None:
        try:
            resolved = resolve(OPTIONS, _sources(config))
        except ConfigurationError as error:
            raise pytest.UsageError(error.message) from None
        config.stash[_config_key] = resolved
        for secret in resolved.secrets():
            redactor(config).add(secret)
    return resolved


def redactor(config: pytest.Config) -> Redactor:
    """The session's Redactor, which all that is written passes."""
    return config.stash.setdefault(_redactor_key, Redactor())


def _sources(config: pytest.Config) -> Sources:
    rows = [row for row in OPTIONS if row.ini is not None]
    ini_name = config.inipath.name if config.inipath else "the ini file"
    ini = {}
    for row in rows:
        try:
            ini[row.name] = config.getini(str(row.ini))
        except TypeError as error:  # a TOML value that is not a string
            raise ConfigurationError(f"{row.ini} in {ini_name}: {error}") from None
    return Sources(
        command_line={row.name: config.getoption(str(row.ini), None) for row in rows},
        environment=os.environ,
        ini=ini,
        ini_name=ini_name,
        folder=config.invocation_params.dir,
        ini_folder=config.inipath.parent if config.inipath else Path(config.rootpath),
    )


def reference() -> str:
    """The table as Markdown, for docs/reference/options.md."""
    lines = [
        "| option | environment | ini key | default | what it is | valid |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in OPTIONS:
        option = "" if row.option is None else row.option
        value = "" if row.flag or not option else f"={row.metavar}"
        default = _text(row.default) if row.default not in (None, ()) else ""
        cells = [
            f"`{option}{value}`" if option else "",
            f"`{row.env}`",
            f"`{row.ini}`" if row.ini else "",
            f"`{default}`" if default else "",
            row.help,
            row.parser.valid,
        ]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _text(default: object) -> str:
    """A default as one would write it."""
    if isinstance(default, tuple):
        return ",".join(map(str, default))
    return str(default).lower() if isinstance(default, bool) else str(default)
