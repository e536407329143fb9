"""The entry point of pytest: names the modules that have the hooks and fixtures, and the header.

Importing it, and all that it names, must stay cheap: no SDK, no HTTP library, no YAML. A test
looks at sys.modules after `pytest --help`, and benchmarks/plugin_load.py at the clock.
"""

from __future__ import annotations

import pytest

from pytest_kubeflow import hookspecs

pytest_plugins = [
    "pytest_kubeflow.options",
    # Before pytest's capturing begins.
    "pytest_kubeflow.fixtures.redaction.stdio",
    # Before the reports: what they make of a failure and of a skip is what those show.
    "pytest_kubeflow.skipping.knownplugin",
    "pytest_kubeflow.skipping.plugin",
    # pytest-metadata asks its hooks before ours of pytest_configure is called.
    "pytest_kubeflow.reporting.plugin",
    "pytest_kubeflow.reporting.pytest_html",
]

SESSION_PLUGINS = (
    # Before those that import it: pytest warns of modules that it can no longer rewrite.
    "pytest_kubeflow.fixtures.session.interruption",
    "pytest_kubeflow.fixtures.session.keeping",
    "pytest_kubeflow.fixtures.session.housekeeping",
    "pytest_kubeflow.fixtures.config",
    "pytest_kubeflow.fixtures.redaction.output",
    "pytest_kubeflow.fixtures.redaction.ids",
    "pytest_kubeflow.fixtures.session.connection",
    "pytest_kubeflow.scheduling.plugin",
    "pytest_kubeflow.reporting.assertions",
    "pytest_kubeflow.reporting.allure_results",
    "pytest_kubeflow.reporting.lost",
    "pytest_kubeflow.reporting.evidence_time",
    "pytest_kubeflow.fixtures.results.leaks",
    "pytest_kubeflow.fixtures.platform",
    "pytest_kubeflow.fixtures.results.conformance",
    "pytest_kubeflow.fixtures.results.reports",
    "pytest_kubeflow.fixtures.results.bundles",
    # Around the next one: what that writes is uploaded.
    "pytest_kubeflow.fixtures.results.uploads",
    "pytest_kubeflow.fixtures.results.junit_file",
    "pytest_kubeflow.fixtures.cluster",
    "pytest_kubeflow.fixtures.kubernetes",
    "pytest_kubeflow.fixtures.requirement",
    "pytest_kubeflow.fixtures.verdict",
    "pytest_kubeflow.fixtures.pipelines",
    "pytest_kubeflow.fixtures.declared",
    "pytest_kubeflow.fixtures.experiments",
    "pytest_kubeflow.fixtures.lineage",
    "pytest_kubeflow.fixtures.load",
    "pytest_kubeflow.fixtures.model_registry",
    "pytest_kubeflow.fixtures.secrets",
    "pytest_kubeflow.fixtures.registry",
    "pytest_kubeflow.fixtures.volumes",
    "pytest_kubeflow.fixtures.workflows",
    "pytest_kubeflow.fixtures.objectstore",
    "pytest_kubeflow.fixtures.serving",
    "pytest_kubeflow.fixtures.notebooks",
    "pytest_kubeflow.fixtures.viewers",
    "pytest_kubeflow.fixtures.tensorboards",
    "pytest_kubeflow.fixtures.katib",
    "pytest_kubeflow.fixtures.training",
    "pytest_kubeflow.fixtures.upgrade",
    "pytest_kubeflow.fixtures.access",
)
"""What only a session of tests needs; `pytest --help` goes without."""


def pytest_configure(config: pytest.Config) -> None:
    """Register what a session of tests needs."""
    if config.getoption("help"):
        return
    for name in SESSION_PLUGINS:
        config.pluginmanager.import_plugin(name)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Announce our own hooks."""
    pluginmanager.add_hookspecs(hookspecs)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | pytest.ExitCode | None:
    """Where something else is wanted than tests (--kf-preflight, --kf-health...), do that."""
    if config.getoption("help"):
        return None
    from pytest_kubeflow.fixtures.commands import (
        cleanup,
        comparison,
        fleet,
        health,
        image_pulls,
        images,
        manifests,
        preflight,
        verification,
    )

    wanted = {
        "--kf-preflight": bool(config.getoption("kf_preflight")),
        "--kf-health": bool(config.getoption("kf_health")),
        "--kf-images": bool(config.getoption("kf_images")),
        "--kf-pull-images": bool(config.getoption("kf_pull_images")),
        "--kf-manifests": bool(config.getoption("kf_manifests")),
        "--kf-explain": health.explains(config),
        "--kf-cleanup": cleanup.is_wanted(config),
        "--kf-compare": comparison.is_wanted(config),
        "--kf-verify": verification.is_wanted(config),
    }
    if not any(wanted.values()):
        return fleet.run_alone(config) if fleet.is_wanted(config) else None
    for name, option in (("kf_plan", "--kf-plan"), ("collectonly", "--collect-only")):
        if config.getoption(name):
            raise pytest.UsageError(
                f"{option} runs no test, and {' and '.join(filter(wanted.get, wanted))} runs "
                "instead of tests: give one of them"
            )
    if sum(wanted.values()) > 1:
        raise pytest.UsageError(f"{' and '.join(filter(wanted.get, wanted))}: give one of them")
    if wanted["--kf-compare"]:
        return comparison.run_alone(config)
    if wanted["--kf-verify"]:
        return verification.run_alone(config)
    if wanted["--kf-explain"]:
        return health.explain_alone(config)
    if wanted["--kf-manifests"]:
        manifests.kind_of(config)
        # Standard output is for kubectl: nothing else is written to it.
        config.pluginmanager.set_blocked("terminalreporter")
    alone = {
        "--kf-manifests": manifests.run_alone,
        "--kf-preflight": preflight.run_alone,
        "--kf-health": health.run_alone,
        "--kf-images": images.run_alone,
        "--kf-pull-images": image_pulls.run_alone,
    }
    action = next((run for name, run in alone.items() if wanted[name]), cleanup.run_alone)
    from _pytest.main import wrap_session  # pytest's own --fixtures is such a session as well

    return wrap_session(config, action)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """What was configured, and where."""
    from pytest_kubeflow import options

    if options.is_listing(config):
        return []
    from pytest_kubeflow.config.header import header_lines

    settings = options.load(config)
    return [] if settings.reporting.quiet else header_lines(settings)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Judge the configuration before anything is done with it."""
    from pytest_kubeflow import options

    if not options.is_listing(session.config):
        options.load(session.config)
