"""ComponentEnvironment: what a site gives to the components of all pipelines.

Variables such as proxies and the settings of pip, a package index in place of the public one,
certificates of the site's own authority, and whether components install anything at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.pipelines.packages.package import Package

_SHELL = ("sh", "-c")
_CALLS_THE_REST = '"$0" "$@"'
_INSTALLS = "pip install"

AUTHORITY = "/etc/pytest-kubeflow/ca"
"""Where the ConfigMap with the certificates is mounted."""

CERTIFICATES = "ca.crt"
"""Its key, as kube-root-ca.crt and the bundles of trust-manager have it."""

_CLIENTS = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE")
"""By what OpenSSL and Go, requests, pip, curl and boto3 know a file of certificates."""


@dataclass(frozen=True, slots=True)
class ComponentEnvironment:
    """`variables` for each container; what a component sets itself stays as it is.

    With `offline` Python components do not install kfp and their packages when they start.
    `authority` is a ConfigMap of the namespace, whose certificates the usual clients trust.
    """

    variables: tuple[tuple[str, str], ...] = ()
    offline: bool = False
    authority: str | None = None

    @classmethod
    def configured(cls, config: KubeflowConfig) -> ComponentEnvironment:
        """As options say."""
        given = {one.key: one.value for one in config.images.environment}
        authority = config.images.authority
        trusted = dict.fromkeys(_CLIENTS, f"{AUTHORITY}/{CERTIFICATES}") if authority else {}
        return cls(
            tuple({**dict(index_variables(config.serving.index_urls)), **trusted, **given}.items()),
            config.images.offline,
            authority,
        )

    def __bool__(self) -> bool:
        """Whether it changes anything."""
        return bool(self.variables) or self.offline or self.authority is not None

    def applied(self, package: Package) -> Package:
        """The package with this environment; one of KFP 1 as it is."""
        if not self:
            return package
        if self.authority is not None:
            package = package.with_kubernetes(self._mounted)
        return package.with_containers(self._changed)

    def _mounted(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """As kfp.kubernetes.use_config_map_as_volume writes it down."""
        there = asked.get("configMapAsVolume") or ()
        if any(one.get("mountPath") == AUTHORITY for one in there):
            return asked
        volume = {
            "configMapName": self.authority,
            "configMapNameParameter": {"runtimeValue": {"constant": self.authority}},
            "mountPath": AUTHORITY,
            "optional": False,
        }
        return {**asked, "configMapAsVolume": [*there, volume]}

    def _changed(self, container: Mapping[str, Any]) -> Mapping[str, Any]:
        changed = dict(container)
        there = {str(one.get("name")) for one in container.get("env") or ()}
        new = [
            {"name": name, "value": value} for name, value in self.variables if name not in there
        ]
        if new:
            changed["env"] = [*(container.get("env") or ()), *new]
        if self.offline and _installs(command := list(container.get("command") or ())):
            changed["command"] = command[3:]
        return changed


def index_variables(urls: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The variables by which pip takes these indexes in place of its own."""
    if not urls:
        return
    first, *more = urls
    yield "PIP_INDEX_URL", first
    if more:
        yield "PIP_EXTRA_INDEX_URL", " ".join(more)
    plain = [urlsplit(one).hostname or "" for one in urls if one.startswith("http://")]
    if plain:
        yield "PIP_TRUSTED_HOST", " ".join(plain)


def _installs(command: Sequence[str]) -> bool:
    """Whether it begins with the script that KFP's compiler puts before a Python component.

    The script installs, and then calls what follows it (kfp/dsl/component_factory.py).
    """
    if tuple(command[:2]) != _SHELL or len(command) < 4:
        return False
    return _INSTALLS in command[2] and command[2].rstrip().endswith(_CALLS_THE_REST)
