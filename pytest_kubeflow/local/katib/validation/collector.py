"""What is refused of an experiment's metrics collector."""

from __future__ import annotations

import re
from typing import Any

from pytest_kubeflow.local.golang.regexp import GoPatternError, compile_pattern
from pytest_kubeflow.local.katib.config import ConfigError, KatibConfig
from pytest_kubeflow.local.katib.validation.fields import invalid, required
from pytest_kubeflow.local.kube.client import Object

_PATH = "spec.metricsCollectorSpec"
_SOURCE = f"{_PATH}.source"
_KIND = f"{_PATH}.collector.kind"
_FORMAT = f"{_SOURCE}.filter.metricsFormat"
_INJECTED = ("StdOut", "TensorFlowEvent", "File", "PrometheusMetric")
_TWO_GROUPS = re.compile(r".*\(.*\).*\(.*\).*")


def collector_errors(experiment: Object, config: KatibConfig) -> list[str]:
    """All errors of `spec.metricsCollectorSpec`."""
    spec = experiment["spec"]["metricsCollectorSpec"]
    kind, source = spec["collector"].get("kind", ""), spec.get("source")
    errors = []
    if kind in _INJECTED:
        try:
            config.collector(kind)
        except ConfigError as error:
            errors.append(invalid(_KIND, kind, f"GetMetricsCollectorConfigData failed: {error}"))
    if kind in {"Push", "StdOut"}:
        return errors
    check = _CHECKS.get(kind)
    if check is None:
        errors.append(invalid(_KIND, kind, f"invalid metrics collector kind: {kind}"))
    else:
        errors += check(spec, kind)
    for one in ((source or {}).get("filter") or {}).get("metricsFormat") or []:
        errors += _filter_errors(one)
    return errors


def _file(spec: Object, _kind: str) -> list[str]:
    errors = []
    place = _place(spec)
    if place.get("kind") != "File" or not place.get("path", "").startswith("/"):
        why = "file path where metrics file exists is required"
        errors.append(required(f"{_SOURCE}.fileSystemPath.path", why))
    if place.get("format") not in {"TEXT", "JSON"}:
        why = "format of metrics file is required for metrics collector"
        errors.append(required(f"{_SOURCE}.fileSystemPath.format", why))
    if place.get("format") == "JSON" and spec["source"].get("filter") is not None:
        why = "filter must be nil when format of metrics file is json"
        errors.append(invalid(f"{_SOURCE}.filter", "", why))
    return errors


def _events(spec: Object, _kind: str) -> list[str]:
    errors = []
    place = _place(spec)
    if place.get("kind") != "Directory" or not place.get("path", "").startswith("/"):
        why = (
            "directory path where tensorflow event files exist is required by "
            ".spec.metricsCollectorSpec.source.fileSystemPath.path"
        )
        errors.append(required(_SOURCE, why))
    if place.get("format"):
        path = f"{_SOURCE}.fileSystemPath.format"
        errors.append(invalid(path, place["format"], "must be empty"))
    return errors


def _prometheus(spec: Object, kind: str) -> list[str]:
    errors = []
    get = (spec.get("source") or {}).get("httpGet") or {}
    port = str(get.get("port", ""))
    if not re.fullmatch(r"[+-]?\d+", port) or int(port) <= 0:
        why = f"must be a positive integer value for metrics collector kind: {kind}"
        errors.append(invalid(f"{_SOURCE}.httpGet.port", port, why))
    path = get.get("path", "")
    if not path.startswith("/"):
        why = f"path is invalid for metrics collector kind: {kind}"
        errors.append(invalid(f"{_SOURCE}.httpGet.path", path, why))
    return errors


def _custom(spec: Object, kind: str) -> list[str]:
    errors = []
    if spec["collector"].get("customCollector") is None:
        why = f"metrics collector kind: {kind} is required"
        errors.append(required(f"{_PATH}.collector.customCollector", why))
    place = _place(spec)
    is_bad = place and (
        not place.get("path", "").startswith("/") or place.get("kind") not in {"Directory", "File"}
    )
    if is_bad:
        why = ".spec.metricsCollectorSpec.source is invalid"
        errors.append(invalid(f"{_SOURCE}.fileSystemPath", "", why))
    return errors


_CHECKS = {
    "File": _file,
    "TensorFlowEvent": _events,
    "PrometheusMetric": _prometheus,
    "Custom": _custom,
}


def _place(spec: Object) -> dict[str, Any]:
    return (spec.get("source") or {}).get("fileSystemPath") or {}


def _filter_errors(text: str) -> list[str]:
    try:
        compile_pattern(text)
    except GoPatternError as error:
        return [invalid(_FORMAT, text, f"invalid filter: {error}")]
    if not _TWO_GROUPS.search(text):
        return [invalid(_FORMAT, text, "two top subexpressions are required")]
    return []
