"""KatibConfig: the algorithms and collectors that an installation has, out of its ConfigMap.

Words and defaults: kubeflow/katib v0.19.0, pkg/util/v1beta1/katibconfig/config.go and
pkg/apis/config/v1beta1/defaults.go.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.quantity import parse_quantity
from pytest_kubeflow.local.kube.resources import CONFIG_MAPS

NAMESPACE, CONFIG = "kubeflow", "katib-config"
_KEY = "katib-config.yaml"
_RESOURCES = {
    "limits": {"cpu": "500m", "memory": "100Mi", "ephemeral-storage": "5Gi"},
    "requests": {"cpu": "50m", "memory": "10Mi", "ephemeral-storage": "500Mi"},
}
_POLICIES = ("Always", "IfNotPresent", "Never")
_CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ConfigError(Exception):
    """What is asked for is not in Katib's configuration; the message is Katib's."""


@dataclass(frozen=True)
class KatibConfig:
    """The part `runtime` of the configuration."""

    runtime: Mapping[str, Any]

    @classmethod
    async def read(cls, client: KubeClient) -> KatibConfig:
        """The configuration as it is now. Raises ConfigError."""
        try:
            found = await client.get(CONFIG_MAPS, CONFIG, NAMESPACE)
        except ApiError as error:
            raise ConfigError(error.message) from None
        return cls.of(found)

    @classmethod
    def of(cls, found: Object) -> KatibConfig:
        """What stands in its ConfigMap. Raises ConfigError."""
        text = (found.get("data") or {}).get(_KEY)
        if text is None:
            raise ConfigError(f"failed to find katib-config.yaml in ConfigMap: {CONFIG}")
        return cls(_parsed(text))

    def suggestion(self, algorithm: str) -> Object:
        """The container of an algorithm's service, and its claim. Raises ConfigError."""
        found = self._find("suggestions", "algorithmName", algorithm)
        if found is None:
            raise ConfigError(
                f"failed to find suggestion config for algorithm: {algorithm} "
                f"in ConfigMap: {CONFIG}"
            )
        made = _with_image(found, f"image configuration of algorithm name: {algorithm}")
        claim = {**copy.deepcopy(_CLAIM), **(made.pop("persistentVolumeClaimSpec", None) or {})}
        made.setdefault("volumeMountPath", "/opt/katib/data")
        return {**made, "persistentVolumeClaimSpec": claim}

    def early_stopping(self, algorithm: str) -> Object:
        """The container of an early stopping service. Raises ConfigError."""
        found = self._find("earlyStoppings", "algorithmName", algorithm)
        if found is None:
            raise ConfigError(
                f"failed to find early stopping config for algorithm: {algorithm} "
                f"in ConfigMap: {CONFIG}"
            )
        return _with_image(found, f"image configuration of algorithm name: {algorithm}")

    def collector(self, kind: str) -> Object:
        """The container of a metrics collector. Raises ConfigError."""
        found = self._find("metricsCollectors", "kind", kind)
        if found is None:
            raise ConfigError(
                f"failed to find metrics collector config for kind: {kind} in ConfigMap: {CONFIG}"
            )
        return _with_image(found, f"image configuration of metrics collector kind: {kind}")

    def _find(self, part: str, field: str, value: str) -> Object | None:
        # The last one counts.
        found = [one for one in self.runtime.get(part) or [] if one.get(field) == value]
        return copy.deepcopy(found[-1]) if found else None


@functools.lru_cache(maxsize=1)
def _parsed(text: str) -> Mapping[str, Any]:
    """The part `runtime`. Raises ConfigError."""
    try:
        parsed = yaml.load(text, Loader=_LOADER)  # noqa: S506 a safe one
    except yaml.YAMLError as error:
        raise ConfigError(f"failed to parse katib-config.yaml: {error}") from None
    runtime = parsed.get("runtime") if isinstance(parsed, dict) else None
    return runtime if isinstance(runtime, dict) else {}


def _with_image(found: Object, what: str) -> Object:
    if not str(found.get("image") or "").strip():
        raise ConfigError(f"required value for {what}")
    policy = found.get("imagePullPolicy")
    # Where an amount is negative, there is to be none.
    resources = {
        field: {
            name: amount
            for name, amount in (defaults | (found.get("resources") or {}).get(field, {})).items()
            if parse_quantity(str(amount)) >= 0
        }
        for field, defaults in _RESOURCES.items()
    }
    chosen = policy if policy in _POLICIES else "IfNotPresent"
    return {**found, "imagePullPolicy": chosen, "resources": resources}
