"""From command line, environment, target file and ini file to a KubeflowConfig.

The command line wins over the environment, that over the target file, that over the ini file,
that over the default. Whatever is malformed ends in one ConfigurationError of one line.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_kubeflow.config.consistency import reconcile
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
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.config.setting import (
    COMMAND_LINE,
    ENVIRONMENT,
    INI,
    TARGET,
    Option,
    Setting,
)
from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.redaction import MASK, Secret

TARGETS_FILE = "kubeflow-targets.toml"
# A password may have any character in it, also "/" and "@".
_CREDENTIALS = re.compile(r"(?P<scheme>://)\S*@|[^\s/:@'\"]+:\S*@")
"""Before the host of a URL, and of what was meant to be one."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The texts as they were given, by option name (environment: by variable name).

    `folder` is where the command was given, `ini_folder` where the ini file lies: relative paths
    start there.
    """

    command_line: Mapping[str, str | Sequence[str]]
    environment: Mapping[str, str]
    ini: Mapping[str, object]
    ini_name: str = "pytest.ini"
    folder: Path = Path()
    ini_folder: Path = Path()


@dataclass(frozen=True, slots=True)
class _Given:
    value: object
    origin: str
    rank: int
    folder: Path


def resolve(options: Sequence[Option], sources: Sources) -> KubeflowConfig:
    """The configuration. Raises ConfigurationError for the first value that is not valid."""
    by_name = {option.name: option for option in options}
    target: dict[str, _Given] = {}
    if "target" in by_name and (chosen := _first(by_name["target"], sources, {})):
        target = _read_target(by_name, str(_parsed(by_name["target"], chosen).value), sources)
    settings = {}
    for option in options:
        given = _first(option, sources, target)
        settings[option.name] = (
            _parsed(option, given) if given else Setting(option.default, "default")
        )
    reconcile(settings)
    _read_password(settings)
    return _build(options, settings)


def _first(option: Option, sources: Sources, target: Mapping[str, _Given]) -> _Given | None:
    """What the most important source says."""
    value: object
    if (value := sources.command_line.get(option.name)) is not None:
        return _Given(value, "command line", COMMAND_LINE, sources.folder)
    if (value := sources.environment.get(option.env)) is not None:
        return _Given(value, f"environment {option.env}", ENVIRONMENT, sources.folder)
    if option.name in target:
        return target[option.name]
    if (value := sources.ini.get(option.name)) is not None:
        origin = f"{option.ini} in {sources.ini_name}"
        return _Given(value, origin, INI, sources.ini_folder)
    return None


def _parsed(option: Option, given: _Given) -> Setting:
    values = given.value if isinstance(given.value, list | tuple) else [given.value]
    parsed = [_parse_one(option, value, given) for value in values]
    if option.repeatable:
        flat = [one for value in parsed for one in (value if isinstance(value, tuple) else [value])]
        return Setting(tuple(dict.fromkeys(flat)), given.origin, given.rank)
    if len(parsed) != 1:
        raise _invalid(option, given, given.value, "takes one value")
    note = option.parser.note(str(values[0]).strip())
    return Setting(parsed[0], f"{given.origin}, {note}" if note else given.origin, given.rank)


def _parse_one(option: Option, value: object, given: _Given) -> object:
    if isinstance(value, bool):
        value = str(value).lower()
    if not isinstance(value, str | int | float):
        raise _invalid(option, given, value, "is not valid")
    text = str(value).strip()
    if not text:
        raise _invalid(option, given, text, "is empty")
    try:
        return option.parser.parse(text, given.folder)
    except ValueError as error:
        # A parser that knows more than "this is not one" says so in its error.
        detail = _without_credentials(str(error))
        message = "" if str(error) == text or option.secret else f" ({detail})"
        raise _invalid(option, given, text, f"is not valid{message}") from None


def _invalid(option: Option, given: _Given, value: object, problem: str) -> ConfigurationError:
    shown = MASK if option.secret and value else _without_credentials(repr(value))
    return ConfigurationError(
        f"{option.spelling}: {shown} from {given.origin} {problem}; valid: {option.parser.valid}"
    )


def _without_credentials(text: str) -> str:
    return _CREDENTIALS.sub(lambda found: f"{found['scheme'] or ''}{MASK}@", text)


def _read_target(
    options: Mapping[str, Option], reference: str, sources: Sources
) -> dict[str, _Given]:
    """The table [targets.NAME] of the target file. `reference` is NAME or FILE:NAME."""
    import tomllib  # not at load: most sessions have no target file

    file, _, name = reference.rpartition(":")
    path = sources.folder / Path(file).expanduser() if file else sources.ini_folder / TARGETS_FILE
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"--kf-target: {reference!r} needs {path}, which cannot be read ({error.strerror})"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"--kf-target: {path} is not TOML: {error}") from None
    targets = document.get("targets")
    targets = targets if isinstance(targets, dict) else {}
    table = targets.get(name)
    if not isinstance(table, dict):
        known = ", ".join(targets) or "none"
        raise ConfigurationError(
            f"--kf-target: there is no target {name!r} in {path}; targets there: {known}"
        )
    given = {}
    for key, value in table.items():
        option = options.get(key.replace("-", "_"))
        if option is None or option.secret or option.name == "target":
            valid = ", ".join(o.name for o in options.values() if not o.secret)
            reason = "is a secret, which comes by environment or file" if option else "is not known"
            raise ConfigurationError(f"{path}: [targets.{name}] {key} {reason}; valid: {valid}")
        origin = f"target {name} in {path.name}"
        given[option.name] = _Given(value, origin, TARGET, path.parent)
    return given


def _read_password(settings: dict[str, Setting]) -> None:
    file = settings.pop("password_file", None)
    if file is None or not isinstance(file.value, Path):
        return
    try:
        text = file.value.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"KF_PASSWORD_FILE: {file.value}: {error}") from None
    if not text:
        raise ConfigurationError(f"KF_PASSWORD_FILE: {file.value} from {file.origin} is empty")
    settings["password"] = Setting(Secret(text), f"{file.value} ({file.origin})", file.rank)


def _build(options: Sequence[Option], settings: Mapping[str, Setting]) -> KubeflowConfig:
    groups: dict[str, dict[str, object]] = defaultdict(dict)
    for option in options:
        group, _, attribute = option.field.partition(".")
        if attribute and option.name in settings:
            groups[group][attribute] = settings[option.name].value
    # The table decides which attribute gets what; a test builds each from it, type by type.
    return KubeflowConfig(
        gateway=GatewaySettings(**groups["gateway"]),  # type: ignore[arg-type]
        kubernetes=KubernetesSettings(**groups["kubernetes"]),  # type: ignore[arg-type]
        s3=S3Settings(**groups["s3"]),  # type: ignore[arg-type]
        gpu=GpuSettings(**groups["gpu"]),  # type: ignore[arg-type]
        serving=ServingSettings(**groups["serving"]),  # type: ignore[arg-type]
        notebooks=NotebookSettings(**groups["notebooks"]),  # type: ignore[arg-type]
        images=ImageSettings(**groups["images"]),  # type: ignore[arg-type]
        health=HealthSettings(**groups["health"]),  # type: ignore[arg-type]
        conformance=ConformanceSettings(**groups["conformance"]),  # type: ignore[arg-type]
        session=SessionSettings(**groups["session"]),  # type: ignore[arg-type]
        reporting=ReportingSettings(**groups["reporting"]),  # type: ignore[arg-type]
        incluster=InClusterSettings(**groups["incluster"]),  # type: ignore[arg-type]
        local=LocalSettings(**groups["local"]),  # type: ignore[arg-type]
        settings=dict(settings),
    )
