"""Pytest's side of the schedule: the plan after the collection, --kf-plan, the session's time."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_kubeflow import options
from pytest_kubeflow.config.markers import PIPELINE, REQUIRES

if TYPE_CHECKING:
    from pytest_kubeflow.k8s.client import KubernetesClient
    from pytest_kubeflow.scheduling.plan import PlannedRun, RunPlan
    from pytest_kubeflow.scheduling.progress import Progress, Screen
    from pytest_kubeflow.scheduling.waits import Waits
    from pytest_kubeflow.scheduling.workers import WorkerLines
    from pytest_kubeflow.waiting import Deadline

STARTER = "_kf_submit_first"
"""The fixture with which a session's first test begins the runs of them all."""

DEMANDED = "_kf_demanded_run"
"""The fixture by which a marked test waits for its run, whether or not it asks for pipeline_run."""

_WORKER = "kubeflow_progress"

_lines_key: pytest.StashKey[WorkerLines] = pytest.StashKey()
_plan_key = pytest.StashKey["RunPlan"]()
_deadline_key = pytest.StashKey["Deadline"]()
_near_key = pytest.StashKey[Sequence[str]]()


def plan_of(config: pytest.Config) -> RunPlan:
    """The session's plan: that of the selected tests, once they are; empty before."""
    from pytest_kubeflow.scheduling.plan import RunPlan

    return config.stash.setdefault(_plan_key, RunPlan())


def session_deadline(config: pytest.Config) -> Deadline | None:
    """When the session's time is over, if it is bounded."""
    return config.stash.get(_deadline_key, None)


def near(config: pytest.Config) -> list[PlannedRun]:
    """The runs of the test that is run now and of the next one, as far as they are known.

    Nothing where runs are submitted with their own tests.
    """
    if options.load(config).session.schedule == "sequential":
        return []
    tests = config.stash.get(_near_key, ())
    return [run for test in tests if (run := plan_of(config).run_of(test)) is not None]


def progress_of(
    config: pytest.Config, kubernetes: KubernetesClient | None, namespace: str
) -> Progress | None:
    """What shows the runs that are waited for; None where nobody wants to see them."""
    if (screen := _screen(config)) is None:
        return None
    from pytest_kubeflow.k8s.pods.lifecycle import waiting_pods
    from pytest_kubeflow.k8s.pods.run_pods import RUN_ID
    from pytest_kubeflow.scheduling.progress import Progress

    ask = None if kubernetes is None else partial(waiting_pods, kubernetes, namespace, label=RUN_ID)
    return Progress(screen, waiting_pods=ask, immediate=config.get_verbosity() > 0)


def waits_of(config: pytest.Config) -> Waits | None:
    """What shows other things that are waited for; None where nobody wants to see them."""
    if (screen := _screen(config)) is None:
        return None
    from pytest_kubeflow.scheduling.waits import Waits

    return Waits(screen, immediate=config.get_verbosity() > 0)


def _screen(config: pytest.Config) -> Screen | None:
    """Where progress is shown: nowhere with -q and --kf-quiet."""
    if config.get_verbosity() < 0 or options.load(config).reporting.quiet:
        return None
    redact = options.redactor(config).redact
    if is_worker(config):
        from pytest_kubeflow.scheduling.workers import WorkerScreen

        path = config.workerinput.get(_WORKER)  # type: ignore[attr-defined]  # pytest-xdist's
        return WorkerScreen(Path(path), redact) if path else None
    if not config.pluginmanager.hasplugin("terminalreporter"):
        return None
    from pytest_kubeflow.scheduling.screen import TerminalScreen

    return TerminalScreen(config, redact)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Have a worker of pytest-xdist write its progress where it is read."""
    config = node.config
    if (lines := config.stash.get(_lines_key, None)) is None:
        if not options.load(config).names_cluster or (screen := _screen(config)) is None:
            return
        from pytest_kubeflow.scheduling.workers import WorkerLines

        lines = config.stash[_lines_key] = WorkerLines(screen.line)
        config.add_cleanup(lines.stop)
    node.workerinput[_WORKER] = str(lines.path_for(node.gateway.id))


def is_worker(config: pytest.Config) -> bool:
    """Whether this is a worker of pytest-xdist, which learns test by test what it is to run."""
    return hasattr(config, "workerinput")


def pytest_sessionstart(session: pytest.Session) -> None:
    """The session's time begins."""
    config = session.config
    if config.getoption("collectonly") or not _is_loaded(config):
        return
    if (seconds := options.load(config).session.session_timeout) is not None:
        from pytest_kubeflow.waiting import Deadline

        config.stash[_deadline_key] = Deadline(
            time.monotonic() + seconds, seconds, "of the session"
        )


def _is_loaded(config: pytest.Config) -> bool:
    return not options.is_listing(config)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """The plan of all tests is made in one process."""
    if config.getoption("kf_plan"):
        raise pytest.UsageError("--kf-plan wants one process: leave out -n")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> Generator[None]:
    """Make the plan, and have the first test begin it; before anybody waits for the cluster."""
    _make_plan(session)
    return (yield)


def _make_plan(session: pytest.Session) -> None:
    config = session.config
    marked = [
        item
        for item in session.items
        if item.get_closest_marker(PIPELINE) is not None
        and takes_fixtures(item)
        and not _is_skipped(item)
    ]
    if not marked or (config.getoption("collectonly") and not config.getoption("kf_plan")):
        return
    if options.acts_alone(config):
        return  # nothing is run
    from pytest_kubeflow.pipelines.packages.component_images import ComponentImages
    from pytest_kubeflow.scheduling.reading import read_plan

    settings = options.load(config)
    images = ComponentImages.configured(settings)
    config.stash[_plan_key] = read_plan(marked, images=images)
    for item in marked:
        # Last: a fixture of the test's own that skips it does so without waiting for the run.
        if DEMANDED not in item.fixturenames:  # type: ignore[attr-defined]
            item.fixturenames.append(DEMANDED)  # type: ignore[attr-defined]
    first = session.items[0]
    if not is_worker(config) and STARTER not in getattr(first, "fixturenames", [STARTER]):
        first.fixturenames.insert(0, STARTER)  # type: ignore[attr-defined]  # those that have some


def takes_fixtures(item: pytest.Item) -> bool:
    """Whether fixtures can be made for it: functions, methods, unittest's and doctests."""
    return hasattr(item, "fixturenames")


def _is_skipped(item: pytest.Item) -> bool:
    """Whether the test's own markers skip it, so that nobody wants its run."""
    from _pytest.skipping import evaluate_skip_marks

    try:
        return evaluate_skip_marks(item) is not None
    except pytest.fail.Exception:  # a condition that is none, which the test itself will tell
        return False


def pytest_report_collectionfinish(config: pytest.Config) -> Iterator[str]:
    """Say which declarations are none: their tests fail, the others are run."""
    plan = config.stash.get(_plan_key, None)
    for run in plan.refused if plan is not None else ():
        for test in run.tests:
            yield f"kubeflow: {test}: {run.error}"


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """With --kf-plan, print it instead of running tests."""
    config = session.config
    if not config.getoption("kf_plan"):
        return None
    from pytest_kubeflow.scheduling.plan_text import plan_text

    plan = config.stash.get(_plan_key, None)
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        redact = options.redactor(config).redact
        for line in plan_text(plan) if plan is not None else ["no selected test declares a run"]:
            reporter.write_line(redact(line))
    if plan is not None and plan.refused:
        session.testsfailed = len(plan.refused)
    return True


@pytest.hookimpl(trylast=True)
def pytest_kubeflow_schedule(config: pytest.Config, plan: RunPlan) -> Sequence[PlannedRun]:
    """As --kf-schedule says. A worker of pytest-xdist knows its next test at most."""
    if options.load(config).session.schedule == "sequential":
        return []
    return near(config) if is_worker(config) else plan.runs


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Remember which test is next."""
    near_by = [item.nodeid, *([nextitem.nodeid] if nextitem is not None else [])]
    item.config.stash[_near_key] = near_by


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """When the session's time is over, what is left fails."""
    deadline = session_deadline(item.config)
    if deadline is not None and deadline.expired and wants_cluster(item):
        message = options.load(item.config).described("session_timeout")
        pytest.fail(f"not run: the session's time is over ({message})", pytrace=False)


def wants_cluster(item: pytest.Item) -> bool:
    """Whether a test asks for the cluster, by a fixture or a marker."""
    names = {"kf_cluster", "_kf_kubernetes_cluster", "pipeline_run"}
    markers = (PIPELINE, REQUIRES)
    used = names & {*getattr(item, "fixturenames", ())}
    return bool(used) or any(item.get_closest_marker(one) is not None for one in markers)
