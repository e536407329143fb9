"""Settings that have to agree with each other: which of two counts, and which pairs are refused."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_kubeflow.config.keyvalue import excess
from pytest_kubeflow.config.parsers import LOCAL
from pytest_kubeflow.config.setting import ENVIRONMENT, Setting
from pytest_kubeflow.errors import ConfigurationError


def reconcile(settings: dict[str, Setting]) -> None:
    """Leave one of each two that exclude each other. Raises ConfigurationError for what cannot be.

    `settings` are by option name; some may be missing.
    """
    _one_of(settings, "token", "token_file")
    _one_of(settings, "password", "password_file")
    _verified_or_not(settings)
    _require_local(settings)
    _within(settings, "pod_requests", "pod_limits")


def _one_of(settings: dict[str, Setting], direct: str, file: str) -> None:
    """Of a secret and a file with it, the one from the more important source counts."""
    one, other = settings.get(direct), settings.get(file)
    if one and other and one.value is not None and other.value is not None:
        settings[file if one.rank >= other.rank else direct] = Setting(None, "default")


def _verified_or_not(settings: dict[str, Setting]) -> None:
    """A certificate is verified with an authority, or it is not: the heavier of the two counts."""
    authority, insecure = settings.get("ca_cert"), settings.get("insecure")
    if not authority or not insecure or authority.value is None or not insecure.value:
        return
    if authority.weight == insecure.weight:
        raise ConfigurationError(
            f"--kf-insecure (from {insecure.origin}) and --kf-ca-cert={authority.value} (from "
            f"{authority.origin}) exclude each other: with --kf-ca-cert the gateway's certificate "
            "is verified, with --kf-insecure it is not; leave one out"
        )
    if authority.weight > insecure.weight:
        settings["insecure"] = Setting(False, "default")


def _require_local(settings: Mapping[str, Setting]) -> None:
    """A fault is for the embedded Kubeflow: with any other it would be looked for in vain.

    So is its strictness: every other is as strict as it is.
    """
    host = settings.get("host")
    if host is None or host.value == LOCAL:
        return
    found = f"--kf-host={host.value} (from {host.origin})" if host.value else "no --kf-host"
    for name, why in (
        ("local_fault", "faults are those of the embedded Kubeflow"),
        ("local_strict", "every other Kubeflow is as strict as it is"),
    ):
        setting = settings.get(name)
        if setting is None or not setting.value or setting.rank < ENVIRONMENT:
            continue
        value = setting.value
        names = f"={','.join(map(str, value))}" if isinstance(value, tuple) else ""
        raise ConfigurationError(
            f"--kf-{name.replace('_', '-')}{names} (from {setting.origin}) needs "
            f"--kf-host={LOCAL}, and there is {found}: {why}"
        )


def _within(settings: Mapping[str, Setting], requests: str, limits: str) -> None:
    one, other = settings.get(requests), settings.get(limits)
    if not one or not other or not isinstance(one.value, tuple):
        return
    if isinstance(other.value, tuple) and (found := excess(one.value, other.value)):
        raise ConfigurationError(
            f"--kf-{requests.replace('_', '-')} from {one.origin} and "
            f"--kf-{limits.replace('_', '-')} from {other.origin}: {found}; Kubernetes takes no "
            "request above its limit"
        )
