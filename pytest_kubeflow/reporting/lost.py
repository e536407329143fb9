"""The hooks that tell what was lost on the way: in the last lines, the HTML report and JUnit XML.

Under pytest-xdist each worker hands its counts to the controller, which has some of its own: those
of the preflight.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import pytest

from pytest_kubeflow import options
from pytest_kubeflow.retries.tally import LOST, Tally

PROPERTY = "kubeflow.lost_responses"
"""The suite's property in JUnit XML."""

_WORKER = "kubeflow_lost"
_before_key = pytest.StashKey[Mapping[str, Mapping[str, int]]]()
_workers_key = pytest.StashKey[Tally]()


def pytest_configure(config: pytest.Config) -> None:
    """Remember what other sessions of this process have lost."""
    config.stash[_before_key] = LOST.plain()
    config.stash[_workers_key] = Tally()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take the counts of a worker of pytest-xdist."""
    counts = (getattr(node, "workeroutput", None) or {}).get(_WORKER, {})
    node.config.stash[_workers_key].add_all(counts)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the counts to the controller; or give them to JUnit XML, which is written next."""
    from _pytest.junitxml import xml_key

    config = session.config
    output: dict[str, Any] | None = getattr(config, "workeroutput", None)
    if output is not None:
        output[_WORKER] = _lost(config).plain()
        return
    xml, sentence = config.stash.get(xml_key, None), lost_on_the_way(config)
    if xml is not None and sentence:
        xml.add_global_property(PROPERTY, sentence)


@pytest.hookimpl(optionalhook=True)
def pytest_html_results_summary(session: pytest.Session, postfix: list[str]) -> None:
    """Tell it below pytest-html's own summary."""
    if sentence := lost_on_the_way(session.config):
        postfix.append(f"<p>{escape(sentence)}</p>")


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Tell it on one line."""
    if options.is_listing(config) or options.load(config).reporting.quiet:
        return
    if sentence := lost_on_the_way(config):
        terminalreporter.write_line(sentence, yellow=True)


def _lost(config: pytest.Config) -> Tally:
    lost = LOST.since(config.stash[_before_key])
    lost.add_all(config.stash[_workers_key].plain())
    return lost


def lost_on_the_way(config: pytest.Config) -> str:
    """The sentence about what was lost, redacted; "" for nothing."""
    if not (sentence := _lost(config).sentence()):
        return ""
    return options.redactor(config).redact(sentence) if options.load(config).names_cluster else ""
