"""KubeflowConfig: everything that can be configured, resolved, in groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields

from pytest_kubeflow.config.groups.conformance import ConformanceSettings
from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.config.groups.gpu import GpuSettings
from pytest_kubeflow.config.groups.health import HealthSettings
from pytest_kubeflow.config.groups.images import ImageSettings
from pytest_kubeflow.config.groups.incluster import InClusterSettings
from pytest_kubeflow.config.groups.kubernetes import KubernetesSettings
from pytest_kubeflow.config.groups.local import LocalSettings
from pytest_kubeflow.config.groups.notebooks import NotebookSettings
from pytest_kubeflow.config.groups.objectstore import S3Settings
from pytest_kubeflow.config.groups.reporting import ReportingSettings
from pytest_kubeflow.config.groups.serving import ServingSettings
from pytest_kubeflow.config.groups.session import SessionSettings
from pytest_kubeflow.config.parsers import LOCAL
from pytest_kubeflow.config.setting import DEFAULT, Setting
from pytest_kubeflow.redaction import Secret

_LOCAL_PERIOD = 2


@dataclass(frozen=True, slots=True)
class KubeflowConfig:
    """The resolved configuration. `settings` has each value with its origin, by option name."""

    gateway: GatewaySettings = field(default_factory=GatewaySettings)
    kubernetes: KubernetesSettings = field(default_factory=KubernetesSettings)
    s3: S3Settings = field(default_factory=S3Settings)
    gpu: GpuSettings = field(default_factory=GpuSettings)
    serving: ServingSettings = field(default_factory=ServingSettings)
    notebooks: NotebookSettings = field(default_factory=NotebookSettings)
    images: ImageSettings = field(default_factory=ImageSettings)
    session: SessionSettings = field(default_factory=SessionSettings)
    health: HealthSettings = field(default_factory=HealthSettings)
    conformance: ConformanceSettings = field(default_factory=ConformanceSettings)
    reporting: ReportingSettings = field(default_factory=ReportingSettings)
    incluster: InClusterSettings = field(default_factory=InClusterSettings)
    local: LocalSettings = field(default_factory=LocalSettings)
    settings: Mapping[str, Setting] = field(default_factory=dict, repr=False)

    @property
    def is_local(self) -> bool:
        """Whether the embedded Kubeflow is wanted."""
        return self.gateway.host == LOCAL

    @property
    def runs_slow(self) -> bool:
        """Whether tests that wait for minutes run: on the embedded Kubeflow they take seconds."""
        return self.session.slow or self.is_local

    @property
    def recurring_period(self) -> int:
        """The seconds between two starts of recurring runs: fewer on the embedded Kubeflow."""
        shorter = self.is_local and not self.is_given("recurring_period")
        return _LOCAL_PERIOD if shorter else self.session.recurring_period

    @property
    def names_cluster(self) -> bool:
        """Whether a cluster was named: the plugin is loaded in sessions without one, too."""
        return bool(self.gateway.host or self.kubernetes.kubeconfig or self.kubernetes.context)

    def origin(self, name: str) -> str:
        """Where the value of the option `name` came from, such as "environment KF_HOST"."""
        setting = self.settings.get(name)
        return setting.origin if setting else "default"

    def is_given(self, name: str) -> bool:
        """Whether somebody has set the option `name`; else it has its default."""
        setting = self.settings.get(name)
        return setting is not None and setting.rank > DEFAULT

    def described(self, name: str) -> str:
        """A value as messages call it: "--kf-host=https://kf.example (from command line)"."""
        setting = self.settings.get(name, Setting("", "default"))
        secret = isinstance(setting.value, Secret)
        option = f"KF_{name.upper()}" if secret else f"--kf-{name.replace('_', '-')}"
        return f"{option}={shown(setting.value)} (from {setting.origin})"

    def secrets(self) -> Iterator[Secret]:
        """Every secret in it, for the Redactor; no access key that is a common word."""
        for group in (self.gateway, self.s3, self.images, self.reporting):
            for one in fields(group):
                value = getattr(group, one.name)
                if isinstance(value, Secret):
                    if one.name == "access_key" and value.is_common:
                        continue
                    yield value
                    if one.name == "cookie":
                        pairs = value.reveal().split(";")
                        values = (pair.partition("=")[2].strip() for pair in pairs)
                        yield from map(Secret, filter(None, values))


def shown(value: object) -> str:
    """A value as it was written."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
