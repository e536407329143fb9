"""KubeflowConfig: everything that can be configured, resolved, in groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from pytest_kubeflow.config.imagemirror import ImageMirror
from pytest_kubeflow.config.imagereference import ImageReference
from pytest_kubeflow.config.keyvalue import KeyValue
from pytest_kubeflow.config.parsers import LOCAL
from pytest_kubeflow.config.setting import DEFAULT, Setting
from pytest_kubeflow.config.toleration import Toleration
from pytest_kubeflow.redaction import Secret

_LOCAL_PERIOD = 2


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """How the Kubeflow gateway is reached and who we are there."""

    host: str | None = None
    """Its URL without a slash at the end, or "local"; None where no cluster was named."""

    auth: str = "auto"
    """The way to log in: auto, token, projected, dex, cookie, token-request or anonymous."""

    username: str | None = None
    """The user's e-mail address for Dex."""

    password: Secret | None = None
    """The user's password for Dex."""

    connector: str | None = None
    """The id of the connector that knows the user; None for local, or else ldap."""

    cookie: Secret | None = None
    """The cookies of a session, as in the header `Cookie`."""

    token: Secret | None = None
    """A bearer token."""

    token_file: Path | None = None
    """A file with a bearer token, read again when it changes."""

    service_account: str | None = None
    """Whose tokens are requested: "namespace/name", or "name" in the namespace to work in."""

    audience: str | None = None
    """The audience of requested tokens; None for the one that the way of access wants."""

    userid_header: str = "kubeflow-userid"
    """The header in which the gateway names the user to what is behind it."""

    userid_prefix: str | None = None
    """What stands before the user there; None where nothing does."""

    ca_cert: Path | None = None
    """The certificate authority of the gateway, PEM; None for the system's."""

    insecure: bool = False
    """True: the gateway's certificate is not verified."""


@dataclass(frozen=True, slots=True)
class KubernetesSettings:
    """How the Kubernetes API is reached and what is used there."""

    kubeconfig: Path | None = None
    """None: as kubectl finds it ($KUBECONFIG, ~/.kube/config), or the pod's service account."""

    context: str | None = None
    """The context in the kubeconfig; None for its current one."""

    namespace: str | None = None
    """An existing namespace to work in; None for a scratch namespace of our own."""

    storage_class: str | None = None
    """The class of volumes that we claim; None for the cluster's default."""

    base_image: str = "python:3.11-slim"
    """The image of components and of helper pods; it has python3."""

    volume_size: str = "1Gi"
    """The size of volumes that we claim where the test names none."""

    pod_requests: tuple[KeyValue, ...] = ()
    """What containers of helper pods request, by resource; what is not named has a default."""

    pod_limits: tuple[KeyValue, ...] = ()
    """The limits of containers of helper pods; what is not named has a default."""

    pod_labels: tuple[KeyValue, ...] = ()
    """Labels of helper pods, beside our own."""

    pod_annotations: tuple[KeyValue, ...] = ()
    """Annotations of helper pods."""

    pod_tolerations: tuple[Toleration, ...] = ()
    """The taints that helper pods ignore."""

    pod_node_selector: tuple[KeyValue, ...] = ()
    """The labels of the nodes that helper pods may run on."""

    pod_image_pull_secrets: tuple[str, ...] = ()
    """The Secrets with which the image of helper pods is pulled."""

    pod_priority_class: str | None = None
    """The priority class of helper pods; None for the cluster's default."""


@dataclass(frozen=True, slots=True)
class S3Settings:
    """How the object store is reached from here."""

    endpoint: str | None = None
    """Its URL; None where it was not given."""

    region: str | None = None
    access_key: Secret | None = None
    secret_key: Secret | None = None

    bucket: str = "prefix"
    """Where objects go: below a prefix of the pipelines' bucket, or into buckets of their own."""


@dataclass(frozen=True, slots=True)
class GpuSettings:
    """How the tests of GPUs are done."""

    image: str = "nvidia/cuda:12.4.1-base-ubuntu22.04"
    """The image of tasks with GPUs: sh is enough; with PyTorch or CuPy it also computes."""

    tolerations: tuple[Toleration, ...] = (Toleration("nvidia.com/gpu"),)
    """The taints of GPU nodes that these tasks ignore."""

    all_nodes: bool = False
    """Whether each node with GPUs is tested by itself."""


@dataclass(frozen=True, slots=True)
class ServingSettings:
    """How models are trained for KServe, deployed and asked."""

    mode: str | None = None
    """The deployment mode, by either of its names; None for the cluster's default."""

    ingress: str = "host"
    """The way to predictors: host, path or port-forward."""

    image: str | None = None
    """The image of components that train and deploy; None: they install what they need."""

    packages: tuple[str, ...] = ("scikit-learn", "joblib")
    """What components that train install where no image has it."""

    index_urls: tuple[str, ...] = ()
    """The package indexes that components install from; none: pip's own configuration."""

    s3_endpoint: str | None = None
    """The URL of the object store as pods reach it; None: Kubeflow's own store is looked for."""


@dataclass(frozen=True, slots=True)
class NotebookSettings:
    """What the notebooks that tests make are like."""

    image: str | None = None
    """Their image; None for the one that the web app's form begins with."""


@dataclass(frozen=True, slots=True)
class ImageSettings:
    """Container images: one's own, where they are taken from, and where tests push some."""

    own: tuple[ImageReference, ...] = ()
    """Those that the suite of images runs components in."""

    imports: tuple[str, ...] = ()
    """Python modules that each of them has to have."""

    mirrors: tuple[ImageMirror, ...] = ()
    """What images are taken from instead; it has been applied to all that is configured."""

    environment: tuple[KeyValue, ...] = ()
    """Variables for all components of pipelines."""

    authority: str | None = None
    """The ConfigMap with certificates that they trust."""

    offline: bool = False
    """Whether components install nothing."""

    registry: str | None = None
    """A registry, or a folder of one, that tests push images to."""

    username: str | None = None
    """Who we are there."""

    password: Secret | None = None
    """The password there."""

    auth_file: Path | None = None
    """A file with logins at registries, as docker login writes it."""


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """What a test session does with the cluster."""

    require: tuple[str, ...] = ()
    """Components whose absence fails a test instead of skipping it (of COMPONENTS)."""

    strict: bool = False
    """Whether a skipped test fails unless `allow_skip` has it."""

    allow_skip: tuple[str, ...] = ()
    """Skips that do not fail: names of causes, or patterns of node ids and reasons with a *."""

    known: Path | None = None
    """A file with tests that are known to fail."""

    accept: tuple[str, ...] = ()
    """Weaknesses of the platform that are accepted (of WEAKNESSES)."""

    min_tests: int | None = None
    """The fewest tests that have to run; None for no bound."""

    keep: str = "never"
    """Whether what was made stays after the tests: never, on-failure or always."""

    keep_for: float = 72 * 3600.0
    """How long it stays then, in seconds: a later session removes it."""

    upgrade: str | None = None
    """Which side of an upgrade this session is of: before or after; None: of none."""

    load: int | None = None
    """How many runs load tests have in flight at once; None: they do not run."""

    load_timeout: float = 900.0
    """The seconds that these may take, all together."""

    strict_cleanup: bool = False
    """Whether what was made and is left at the end fails the session."""

    slow: bool = False
    """Whether tests that wait for minutes run too."""

    recurring_period: int = 60
    """The seconds between two starts of recurring runs that tests schedule."""

    timeout: float = 600.0
    """The longest that one wait may take, in seconds."""

    start_timeout: float = 120.0
    """The seconds for which a pod may fail to start for a reason that rarely mends itself."""

    schedule: str = "submit-first"
    """When declared runs are submitted: submit-first or sequential."""

    max_runs: int = 8
    """The most declared runs that are in flight at once."""

    session_timeout: float | None = None
    """The longest that all tests may take, in seconds; None for no bound."""


@dataclass(frozen=True, slots=True)
class ReportingSettings:
    """What a session writes beside the terminal. None: it is not written."""

    report: Path | None = None
    """An HTML page."""

    json: Path | None = None
    """The session as JSON."""

    ctrf: Path | None = None
    """Its tests in the Common Test Report Format."""

    prometheus: Path | None = None
    """Metrics for the textfile collector of Prometheus' node exporter."""

    github_summary: str | Path = "auto"
    """Where a summary in Markdown is appended: a file, never, or auto (as GitHub Actions says)."""

    history: Path | None = None
    """The directory that remembers sessions."""

    fleet: Path | None = None
    """The directory for reports of sessions on several targets."""

    slower_than: float | None = None
    """How many times its usual longest a test may take; None for no bound."""

    bundle: Path | None = None
    """A directory, or a .zip, with what the cluster tells of each failed test."""

    bucket: str | None = None
    """The place in a bucket where all of that is put as well: s3://BUCKET/PREFIX."""

    endpoint: str | None = None
    """The URL of the store that has it; None: that of `S3Settings`."""

    access_key: Secret | None = None
    secret_key: Secret | None = None

    evidence: str = "full"
    """How much evidence a failure's text has: full or short."""

    evidence_timeout: float = 20.0
    """The seconds that reading evidence may lose in a session to servers that do not answer."""

    quiet: bool = False
    """Whether the terminal shows the verdict alone of what is ours."""

    @property
    def writes(self) -> bool:
        """Whether a report was asked for."""
        others = (self.ctrf, self.prometheus, self.bucket)
        return self.wants_records or any(one is not None for one in others)

    @property
    def wants_records(self) -> bool:
        """Whether anything is written that tells of the runs of tests."""
        return any(one is not None for one in (self.report, self.json, self.history))


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """What is done with the findings of platform health."""

    json: Path | None = None
    """A file for all of them; None: it is not written."""

    fails_on: str = "broken"
    """The least severity that fails: broken, degraded or notice."""


@dataclass(frozen=True, slots=True)
class ConformanceSettings:
    """What is shown to others of a platform."""

    release: str | None = None
    """The release of Kubeflow that it conforms to; None: that is not looked at."""

    product: Path | None = None
    """A file that says whose platform it is."""

    bundle: Path | None = None
    """Where the bundle is written; None for kubeflow-conformance-RELEASE."""


@dataclass(frozen=True, slots=True)
class InClusterSettings:
    """How a session runs inside the cluster."""

    suites: tuple[str, ...] = ()
    """Folders of the shipped suites; empty: all."""

    name: str = "acceptance"
    """What its objects are called."""

    image: str | None = None
    """What its pod runs."""

    schedule: str = "30 2 * * *"
    """Five fields of cron."""

    deadline: float = 4 * 3600.0
    """Seconds."""

    claim: str | None = None
    """An existing claim for what it writes; None: one is made."""

    secret: str | None = None
    """The Secret with its passwords and keys."""

    report_secret: str | None = None
    """The Secret with the keys for its bucket of reports: accesskey and secretkey."""


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """What the embedded Kubeflow is to be like, with --kf-host=local."""

    mode: str = "multi-user"
    """multi-user (a platform with Profiles) or standalone (Kubeflow Pipelines alone)."""

    faults: tuple[str, ...] = ()
    """Named faults that are switched on from the start."""

    strict: bool = False
    """Pipelines that rely on what works on the embedded Kubeflow alone fail."""

    pod_network: str = "auto"
    """auto, own (each pod has a network of its own) or shared (all have the machine's)."""

    trainer: str = "2.2"
    """The release of Trainer."""

    training_operator: bool = False
    """There are jobs of the older Training Operator, too."""


@dataclass(frozen=True, slots=True)
class KubeflowConfig:
    """The resolved configuration. `settings` has each value with its origin, by option name."""

    gateway: GatewaySettings = GatewaySettings()
    kubernetes: KubernetesSettings = KubernetesSettings()
    s3: S3Settings = S3Settings()
    gpu: GpuSettings = GpuSettings()
    serving: ServingSettings = ServingSettings()
    notebooks: NotebookSettings = NotebookSettings()
    images: ImageSettings = ImageSettings()
    session: SessionSettings = SessionSettings()
    health: HealthSettings = HealthSettings()
    conformance: ConformanceSettings = ConformanceSettings()
    reporting: ReportingSettings = ReportingSettings()
    incluster: InClusterSettings = InClusterSettings()
    local: LocalSettings = LocalSettings()
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
