"""How the table of settings gets into pytest: options, ini keys, markers; and out of it again.

`pytest --help` pays for the table; what judges and holds the values is imported when they are.
"""

from __future__ import annotations

import argparse
import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_kubeflow.config.table import ACTIONS, OPTIONS

if TYPE_CHECKING:
    from pytest_kubeflow.config.loading import Sources
    from pytest_kubeflow.config.model import KubeflowConfig
    from pytest_kubeflow.config.setting import Option
    from pytest_kubeflow.redaction import Redactor

MARKERS = (
    "kf_full: of the shipped suites, each test that needs no GPU and does not wait for minutes.",
    "kf_gpu: of the shipped suites, a test that needs GPUs.",
    "kf_images(*images, runs=False, algorithms=None, early_stopping=None, collectors=None): for "
    "--kf-images, the images that the test pulls, in place of those of the pipelines in its "
    "modules; the name of an option such as --kf-base-image stands for its value, a tuple for the "
    "first of it that is given. With runs=True it submits pipelines by itself. The others are what "
    "is used of Katib.",
    "kf_load: the test puts load on the cluster: it runs with --kf-load=RUNS alone, after all "
    "others.",
    "kf_pipeline(pipeline, *, arguments=None, **options): the pipeline whose run the test gets "
    'as `pipeline_run`; options are name, timeout, expect, and share="module".',
    "kf_requires(*components): skip the test where the cluster lacks one of these, such as "
    '"katib"; with --kf-require=katib it fails instead.',
    "kf_slow: the test waits for minutes: it runs with --kf-slow alone, and on the embedded "
    "cluster, where what it waits for takes seconds.",
    'kf_upgrade(phase): the test leaves something on the cluster ("before"), or looks at what was '
    'left ("after"): it runs with --kf-upgrade alone.',
    "kf_smoke: of kf_full, what shows in under three minutes that the parts of a cluster work.",
)

_config_key = pytest.StashKey["KubeflowConfig"]()
_redactor_key = pytest.StashKey["Redactor"]()


class _NoSecret(argparse.Action):
    """Refuses a secret on the command line, which everybody on the machine can read."""

    def __call__(
        self, _parser: object, _namespace: object, _values: object, option: str | None = None
    ) -> None:
        name = str(option).removeprefix("--kf-").replace("-", "_").upper()
        raise pytest.UsageError(
            f"{option} is no option: command lines are seen by all users of a machine; "
            f"set the environment variable KF_{name}"
        )


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the table's options and ini keys. Values stay texts: `load` judges them, not argparse."""
    group = parser.getgroup("kubeflow", "Kubeflow: which cluster, and how to use it")
    for action, found in ACTIONS.items():
        name, *values = action.replace("=", " ").split(" ")
        if len(values) > 1:
            count, metavar = len(values), tuple(values)
            group.addoption(name, action="append", nargs=count, metavar=metavar, help=found)
        elif values:
            group.addoption(name, action="append", metavar=values[0], help=found)
        else:
            group.addoption(name, action="store_true", help=found)
    for row in OPTIONS:
        if row.option is None or row.ini is None:
            if row.secret:
                name = f"--kf-{row.name.replace('_', '-')}"
                group.addoption(name, action=_NoSecret, nargs="?", help=argparse.SUPPRESS)
            continue
        found = row.help.replace("%", "%%")
        if row.default not in (None, (), False):
            found += f" Default: {_text(row)}."
        if row.flag:
            group.addoption(
                row.option, dest=row.ini, action="store_const", const="true", help=found
            )
        else:
            action = "append" if row.repeatable or row.splits else "store"
            group.addoption(
                row.option, dest=row.ini, action=action, metavar=row.metavar, help=found
            )
        parser.addini(row.ini, f"{row.help} (also {row.env})", default=None)


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers. The configuration is not read here: --help works with a broken one."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


def load(config: pytest.Config) -> KubeflowConfig:
    """The resolved configuration of this session. Raises pytest.UsageError, of one line."""
    from pytest_kubeflow.config.loading import resolve
    from pytest_kubeflow.errors import ConfigurationError

    resolved = config.stash.get(_config_key, None)
    if resolved is None:
        _refuse_hidden_keys(config)
        try:
            resolved = resolve(OPTIONS, _sources(config))
        except ConfigurationError as error:
            raise pytest.UsageError(error.message) from None
        config.stash[_config_key] = resolved
        _warn_of_unknown_variables(config)
        for secret in resolved.secrets():
            redactor(config).add(secret)
    return resolved


def load_target(config: pytest.Config, target: str) -> KubeflowConfig:
    """The configuration of a session on one of several targets. Raises pytest.UsageError."""
    from dataclasses import replace

    from pytest_kubeflow.config.loading import resolve
    from pytest_kubeflow.errors import ConfigurationError

    _refuse_hidden_keys(config)
    sources = _sources(config)
    own = replace(sources, command_line={**sources.command_line, "target": target})
    try:
        return resolve(OPTIONS, own)
    except ConfigurationError as error:
        raise pytest.UsageError(error.message) from None


def _refuse_hidden_keys(config: pytest.Config) -> None:
    """What comes by the environment alone is read from no ini key; raises pytest.UsageError.

    pytest itself ignores keys that it does not know, or warns of them.
    """
    given = (one.partition("=") for one in config.getoption("override_ini", None) or ())
    overridden = {key.strip(): value for key, _, value in given}
    # `inicfg` is deprecated, and there is no other way to what was given and no plugin knows.
    in_file = vars(config).get("_inicfg", None)
    if in_file is None:  # releases of pytest before 9
        in_file = config.inicfg
    for row in (row for row in OPTIONS if row.hidden):
        key = f"kf_{row.name}"
        if key in overridden:
            where, reason = f"-o {key}", "command lines are seen by all users of a machine"
            redactor(config).add(overridden[key])
        elif key in in_file:
            name = config.inipath.name if config.inipath else "the ini file"
            where, reason = f"{key} in {name}", "such files are shared and committed"
        else:
            continue
        raise pytest.UsageError(
            f"{where} is no setting: {reason}; set the environment variable {row.env}"
        )


def _warn_of_unknown_variables(config: pytest.Config) -> None:
    """Once a session: not in the workers of pytest-xdist, which have the same environment."""
    if hasattr(config, "workerinput"):
        return
    from pytest_kubeflow.config.environment import unknown_variables

    for line in unknown_variables(os.environ, (row.env for row in OPTIONS)):
        config.issue_config_time_warning(pytest.PytestConfigWarning(line), stacklevel=2)


def redactor(config: pytest.Config) -> Redactor:
    """The session's Redactor, which all that is written passes."""
    from pytest_kubeflow.redaction import Redactor

    return config.stash.setdefault(_redactor_key, Redactor())


def learn_secrets(config: pytest.Config) -> None:
    """Name the Redactor what the environment has, before the configuration can be resolved."""
    known = redactor(config)
    for row in OPTIONS:
        if not row.secret or not (value := os.environ.get(row.env)):
            continue
        if row.name.endswith("access_key"):
            known.add_access_key(value)
        else:
            known.add(value)
    if file := os.environ.get("KF_PASSWORD_FILE"):
        # One that can't be read is told when the configuration is resolved.
        with contextlib.suppress(OSError, UnicodeDecodeError):
            path = config.invocation_params.dir / file
            known.add(path.read_text(encoding="utf-8").strip("\r\n"))


def is_listing(config: pytest.Config) -> bool:
    """Whether fixtures are listed and nothing else: with no cluster, and whatever is configured."""
    return bool(config.getoption("showfixtures") or config.getoption("show_fixtures_per_test"))


def lists(config: pytest.Config) -> bool:
    """Whether something is listed or pulled, and no test is run: there is nothing to report."""
    listings = ("kf_images", "kf_pull_images", "kf_manifests")
    return is_listing(config) or any(config.getoption(one) for one in listings)


def acts_alone(config: pytest.Config) -> bool:
    """Whether the session checks the cluster or clears it up, instead of running tests."""
    actions = (
        "kf_preflight",
        "kf_health",
        "kf_images",
        "kf_pull_images",
        "kf_manifests",
        "kf_cleanup",
        "kf_cleanup_all",
        "kf_cleanup_session",
    )
    return any(config.getoption(one) for one in actions)


def runs_no_test(config: pytest.Config) -> bool:
    """Whether no test is run, so that no cluster is wanted."""
    return bool(config.option.collectonly or config.getoption("kf_plan") or is_listing(config))


def _sources(config: pytest.Config) -> Sources:
    from pytest_kubeflow.config.loading import Sources
    from pytest_kubeflow.errors import ConfigurationError

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
        default = _text(row) if row.default not in (None, ()) else ""
        cells = [
            f"`{option}{value}`" if option else "",
            f"`{row.env}`",
            f"`{row.ini}`" if row.ini else "",
            f"`{default}`" if default else "",
            row.help,
            row.parser.valid,
        ]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    lines += ["", "What to do instead of running tests:", "", "| option | what it does |"]
    lines += ["| --- | --- |", *(f"| `{name}` | {message} |" for name, message in ACTIONS.items())]
    return "\n".join(lines) + "\n"


def _text(row: Option) -> str:
    """Its default as one would write it."""
    default = row.default
    if isinstance(default, tuple):
        return ",".join(map(str, default))
    if row.metavar == "DURATION" and isinstance(default, int | float):
        seconds = int(default)
        for unit, length in (("h", 3600), ("m", 60)):
            if seconds % length == 0:
                return f"{seconds // length}{unit}"
        return f"{seconds}s"
    return str(default).lower() if isinstance(default, bool) else str(default)
