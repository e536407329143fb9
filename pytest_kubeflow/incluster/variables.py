"""The settings of this session, as variables and arguments of a container inside the cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_kubeflow.config.model import KubeflowConfig, shown
from pytest_kubeflow.config.setting import Option
from pytest_kubeflow.config.table import OPTIONS
from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.k8s.profiles import STORE_KEYS
from pytest_kubeflow.redaction import Secret

REPORTS = "/reports"
"""Where the claim is mounted."""

RUN = "JOB_NAME"
"""The variable with the name of the Job, which is that of the folder of its reports."""

CERTIFICATES = "/etc/pytest-kubeflow"
AUTHORITY = "ca.crt"

_OF_HERE = frozenset({"kubeconfig", "context", "target"})
"""What leads this machine to the cluster: a pod is in it."""

_FILES = {"token_file": "KF_TOKEN", "registry_auth_file": "KF_REGISTRY_PASSWORD"}
"""Files with secrets, and in which variable a Secret has the same."""

_REPORTS = {
    "report": "report.html",
    "json": "session.json",
    "ctrf": "ctrf.json",
    "prometheus": "metrics.prom",
    "health_json": "health.json",
    "bundle": "evidence.zip",
}
_ALWAYS = ("report", "json", "bundle")
_REPORT_KEYS = dict(zip(("report_access_key", "report_secret_key"), STORE_KEYS, strict=True))
"""The keys of the Secret for the bucket of reports: as Kubeflow's own Secrets have them."""

_ROWS = {row.name: row for row in OPTIONS}
_AT_END = 0.15
"""The part of the deadline that is left for the session's end: removal and reports."""


@dataclass(frozen=True, slots=True)
class Variables:
    """For the container: `env` as in its spec, `arguments` after those that select tests."""

    env: Sequence[dict[str, Any]]
    arguments: Sequence[str]


def folder() -> str:
    """Where the reports of one Job are."""
    return f"{REPORTS}/$({RUN})"


def variables_of(config: KubeflowConfig) -> Variables:
    """Those of a session. Raises ConfigurationError for what is on this machine alone."""
    env: list[dict[str, Any]] = [
        {
            "name": RUN,
            "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['job-name']"}},
        },
        {"name": "HOME", "value": "/tmp"},  # noqa: S108 of the pod
        {"name": "PYTHONDONTWRITEBYTECODE", "value": "1"},
    ]
    arguments = ["-v", f"--junit-xml={folder()}/junit.xml", "-p", "no:cacheprovider"]
    for row in OPTIONS:
        if row.field.startswith(("incluster.", "local.")) or row.secret or row.name in _OF_HERE:
            continue
        if row.name in _REPORTS or row.name in {"history", "github_summary"}:
            continue
        if config.is_given(row.name):
            _add(config, row, env, arguments)
    for name, file in _REPORTS.items():
        if name in _ALWAYS or config.is_given(name):
            env.append({"name": _ROWS[name].env, "value": f"{folder()}/{file}"})
    env.append({"name": _ROWS["history"].env, "value": f"{REPORTS}/history"})
    if config.session.session_timeout is None:
        seconds = int(config.incluster.deadline * (1 - _AT_END))
        env.append({"name": _ROWS["session_timeout"].env, "value": f"{max(1, seconds)}s"})
    env += _secrets(config)
    env += _report_keys(config)
    return Variables(env, arguments)


def secret_variables(config: KubeflowConfig) -> list[str]:
    """The variables with secrets that are set for this session, and that no other Secret has."""
    elsewhere = _REPORT_KEYS.keys() if config.incluster.report_secret else ()
    return [
        row.env
        for row in OPTIONS
        if row.secret and row.name not in elsewhere and _value(config, row.name) is not None
    ]


def secret_name(config: KubeflowConfig) -> str:
    """The Secret that the pod has its secrets from."""
    return config.incluster.secret or f"{config.incluster.name}-login"


def _value(config: KubeflowConfig, name: str) -> object:
    setting = config.settings.get(name)
    return None if setting is None else setting.value


def _add(
    config: KubeflowConfig, row: Option, env: list[dict[str, Any]], arguments: list[str]
) -> None:
    value = _value(config, row.name)
    if value is None or isinstance(value, Secret):
        return
    if row.name == "ca_cert":
        env.append({"name": row.env, "value": f"{CERTIFICATES}/{AUTHORITY}"})
    elif isinstance(value, Path):
        raise ConfigurationError(
            f"{config.described(row.name)} is a file of this machine, which a pod does not have: "
            f"put what it holds into a Secret as {_FILES.get(row.name, row.env)}, name that by "
            f"--kf-job-secret, and leave {row.spelling} out"
        )
    elif row.repeatable and not _is_one_text(row, value):
        assert isinstance(value, tuple)
        arguments += [f"{row.option}={_literal(str(one))}" for one in value]
    else:
        text = str(value).lower() if isinstance(value, bool) else shown(value)
        env.append({"name": row.env, "value": _literal(text)})


def _is_one_text(row: Option, value: object) -> bool:
    """Whether a variable, which is one text, says the same as the option given several times."""
    try:
        return row.parser.parse(shown(value), Path()) == value
    except ValueError:
        return False


def _literal(text: str) -> str:
    """A text in which Kubernetes replaces nothing."""
    return text.replace("$(", "$$(")


def _secrets(config: KubeflowConfig) -> Iterator[dict[str, Any]]:
    """References to the Secret: of what is set here, or of whatever a named Secret has."""
    known = secret_variables(config)
    elsewhere = _REPORT_KEYS.keys() if config.incluster.report_secret else ()
    any_of = [row.env for row in OPTIONS if row.secret and row.name not in elsewhere]
    names = known or (any_of if config.incluster.secret else [])
    for name in names:
        reference = {"name": secret_name(config), "key": name}
        if not known:
            reference["optional"] = True  # type: ignore[assignment]
        yield {"name": name, "valueFrom": {"secretKeyRef": reference}}


def _report_keys(config: KubeflowConfig) -> Iterator[dict[str, Any]]:
    """Those for the bucket of reports, where a Secret of its own has them."""
    name = config.incluster.report_secret
    if name is None:
        return
    for row, key in _REPORT_KEYS.items():
        reference = {"secretKeyRef": {"name": name, "key": key}}
        yield {"name": _ROWS[row].env, "valueFrom": reference}
